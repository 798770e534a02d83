"""Scheduled requests that were produced long ago."""

from push_service.tasks.days import days_before
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.retention import Retention


def run(tools: Tools, progress: Progress) -> int:
    """Removes those that are done; none that is still to come."""
    retention = Retention(tools.engine)
    before = days_before(tools.now, tools.tasks.schedule_days)
    return progress.in_batches(
        lambda limit: retention.remove_scheduled(before, limit),
        total=retention.count_scheduled(before),
        batch=tools.tasks.batch,
        pause=tools.tasks.pause_seconds,
        what="scheduled requests removed",
    )


TASK = Task("remove scheduled requests that were produced long ago", run)
