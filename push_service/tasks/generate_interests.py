"""Watchers of the reference data become followers, so that people see in their apps what they are told about."""

from backbone.kafka_settings import KafkaSettings
from backbone.registry_settings import RegistrySettings
from domain.ids import is_id
from domain.interests import entity_interest, is_interest
from domain.reference import ReferenceRecord
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.follower_upkeep import Follower, FollowerUpkeep


def run(tools: Tools, progress: Progress) -> int:
    """One follower for each watcher; who follows already stays. Returns how many are new."""
    wanted = sorted({follower for record in tools.reference() for follower in _followers(record)})
    upkeep = FollowerUpkeep(tools.engine)
    new = 0
    for start in range(0, len(wanted), tools.tasks.batch):
        part = wanted[start : start + tools.tasks.batch]
        new += upkeep.count_missing(part) if progress.dry_run else upkeep.add(part)
        progress.at(start + len(part), len(wanted), "watchers")
    progress.did(f"{new:,} followers added, of {len(wanted):,} watchers")
    return new


def _followers(record: ReferenceRecord) -> list[Follower]:
    watcher = record.watcher
    if watcher is None or not is_id(watcher.user):
        return []
    tenant, interest = entity_interest(record.fleet, watcher.entity)
    return [Follower(tenant, interest, watcher.user)] if is_interest(interest) else []


TASK = Task("make followers of the reference data's watchers", run, (KafkaSettings, RegistrySettings))
