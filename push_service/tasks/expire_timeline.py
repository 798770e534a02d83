"""Delivery timelines that are kept no longer."""

from push_service.tasks.days import day_of, days_before
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.delivery_days import DeliveryDays


def run(tools: Tools, progress: Progress) -> int:
    """Drops the partitions of old days whole, and removes old steps from the default partition. Returns both."""
    days = DeliveryDays(tools.engine)
    before = days_before(tools.now, tools.tasks.timeline_days)
    old = [day for day in days.days() if day < day_of(before)]
    for day in old:
        if not progress.dry_run:
            days.drop(day)
        progress.did(f"dropped the partition of {day}")
    strays = progress.in_batches(
        lambda limit: days.remove_strays(before, limit),
        total=days.count_strays(before),
        batch=tools.tasks.batch,
        pause=tools.tasks.pause_seconds,
        what="steps removed from the default partition",
    )
    return len(old) + strays


TASK = Task("drop delivery timelines beyond their retention", run)
