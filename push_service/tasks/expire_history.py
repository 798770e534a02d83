"""Notifications that are kept no longer."""

from push_service.tasks.days import days_before
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.retention import Retention


def run(tools: Tools, progress: Progress) -> int:
    """Removes notifications from history and inbox, read or not."""
    retention = Retention(tools.engine)
    before = days_before(tools.now, tools.tasks.history_days)
    return progress.in_batches(
        lambda limit: retention.remove_notifications(before, limit),
        total=retention.count_notifications(before),
        batch=tools.tasks.batch,
        pause=tools.tasks.pause_seconds,
        what="notifications removed",
    )


TASK = Task("remove notifications beyond their retention", run)
