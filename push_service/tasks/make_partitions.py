"""Partitions of the delivery timelines, made ahead."""

from push_service.tasks.days import day_of
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.delivery_days import DeliveryDays


def run(tools: Tools, progress: Progress) -> int:
    """One partition for each day from today on. Steps that stand in the default partition move to theirs."""
    days = DeliveryDays(tools.engine)
    missing = days.missing(day_of(tools.now), tools.tasks.partition_days)
    for day in missing:
        moved = 0 if progress.dry_run else days.make(day)
        progress.did(f"made the partition of {day}" + (f", {moved:,} steps moved to it" if moved else ""))
    return len(missing)


TASK = Task("make the timelines' partitions of the next days", run)
