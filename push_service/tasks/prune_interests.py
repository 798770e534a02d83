"""Interests of orders that are over.

Back ends take finished orders out of the reference data (a record without a value). So the interest of an order is over
when the reference data has neither the order nor an assignment that names it, and nobody has begun to follow it for
some days: orders that were never told as reference data are followed for that long at least.
"""

from backbone.kafka_settings import KafkaSettings
from backbone.registry_settings import RegistrySettings
from domain.interests import entity_interest
from domain.reference import ReferenceRecord
from push_service.tasks.days import days_before
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.follower_upkeep import FollowerUpkeep

PREFIX = "order/"
PAGE = 1_000


def run(tools: Tools, progress: Progress) -> int:
    """Removes the followers of such interests. Returns how many."""
    living = {interest for record in tools.reference() for interest in _orders(record)}
    progress.tell(f"{len(living):,} orders in the reference data")
    upkeep = FollowerUpkeep(tools.engine)
    before = days_before(tools.now, tools.tasks.interest_days)
    removed = looked_at = 0
    after = ("", "")
    while page := upkeep.interests(after, PAGE):
        for interest in page:
            if interest[1].startswith(PREFIX) and interest not in living:
                removed += _remove(upkeep, interest, before, tools, progress)
        looked_at += len(page)
        after = page[-1]
        progress.at(looked_at, looked_at, "interests looked at")
    progress.did(f"{removed:,} followers removed, of {looked_at:,} interests")
    return removed


def _remove(upkeep: FollowerUpkeep, interest: tuple[str, str], before: int, tools: Tools, progress: Progress) -> int:
    followers = upkeep.count_if_quiet(*interest, before)
    if followers == 0 or progress.dry_run:
        return followers
    return progress.in_batches(
        lambda limit: upkeep.remove(*interest, before, limit),
        total=followers,
        batch=tools.tasks.batch,
        pause=tools.tasks.pause_seconds,
        what=f"followers of {interest[1]} removed",
    )


def _orders(record: ReferenceRecord) -> list[tuple[str, str]]:
    if record.order is not None:
        return [entity_interest(record.fleet, f"order/{record.id}")]
    assignment = record.assignment
    if assignment is not None:
        return [entity_interest(assignment.order_fleet or record.fleet, f"order/{assignment.order}")]
    return []


TASK = Task("remove the followers of orders that are over", run, (KafkaSettings, RegistrySettings))
