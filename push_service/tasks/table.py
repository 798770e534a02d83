"""All tasks, by name. A new one is a file with a `TASK`, and a line here."""

from push_service.tasks import (
    expire_history,
    expire_schedule,
    expire_timeline,
    generate_interests,
    make_partitions,
    prune_installations,
    prune_interests,
    repair_sns,
)
from push_service.tasks.task import Task

TASKS: dict[str, Task] = {
    "make-partitions": make_partitions.TASK,
    "expire-timeline": expire_timeline.TASK,
    "expire-history": expire_history.TASK,
    "expire-schedule": expire_schedule.TASK,
    "prune-installations": prune_installations.TASK,
    "prune-interests": prune_interests.TASK,
    "repair-sns": repair_sns.TASK,
    "generate-interests": generate_interests.TASK,
}
