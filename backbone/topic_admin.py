"""Brings the topics of a cluster to the topic table."""

import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its __all__ leaves out what it documents
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from backbone.errors import KafkaUnavailable, kafka_error, unavailable
from backbone.kafka_settings import KafkaSettings
from backbone.topic_plan import ClusterTopic, ConfigChange, Creation, TopicPlan
from domain.errors import FleetcastError

REQUEST_SECONDS = 15.0
METADATA_SECONDS = 5.0
SEEN_WITHIN_SECONDS = 30.0
"""How long new topics may take until every partition has a leader."""

# Codes that mean "not now": a broker that starts, a controller that moves, a network.
_OUTAGES = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 the library's public constants begin with an underscore
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NOT_CONTROLLER,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.INVALID_REPLICATION_FACTOR,  # fewer brokers than copies: the others may still be starting
    }
)


class TopicRefused(FleetcastError):
    """The cluster will not make or change a topic."""


class TopicAdmin:
    """Reads and changes the topics of one cluster. Methods raise KafkaUnavailable, when it helps to try again."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._client = AdminClient(settings.admin_config())

    def cluster_topics(self, names: Iterable[str]) -> dict[str, ClusterTopic]:
        """Those of the named topics that exist."""
        wanted = set(names)
        try:
            found = self._client.list_topics(timeout=METADATA_SECONDS).topics
        except KafkaException as error:
            raise unavailable("listing topics", kafka_error(error)) from error
        there = {name: topic for name, topic in found.items() if name in wanted and topic.error is None}
        configs = self._configs(sorted(there))
        return {
            name: ClusterTopic(
                partitions=len(topic.partitions),
                replication_factor=max((len(each.replicas) for each in topic.partitions.values()), default=0),
                config=configs[name],
            )
            for name, topic in there.items()
        }

    def apply(self, plan: TopicPlan) -> None:
        """Carry out a plan. Raises TopicRefused, also for a plan with refusals. A topic made meanwhile is no error."""
        if plan.refusals:
            raise TopicRefused("; ".join(plan.refusals))
        self._create(plan.creations)
        self._change(plan.changes)
        self._await_leaders({creation.name: creation.partitions for creation in plan.creations})

    def _configs(self, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        futures = self._client.describe_configs(resources, request_timeout=REQUEST_SECONDS)
        return {
            resource.name: {name: entry.value for name, entry in _result(future, f"reading {resource.name}").items()}
            for resource, future in futures.items()
        }

    def _create(self, creations: list[Creation]) -> None:
        if not creations:
            return
        topics = [
            NewTopic(each.name, each.partitions, each.replication_factor, config=dict(each.config))
            for each in creations
        ]
        for name, future in self._client.create_topics(topics, request_timeout=REQUEST_SECONDS).items():
            _result(future, f"creating {name}", harmless=KafkaError.TOPIC_ALREADY_EXISTS)

    def _change(self, changes: list[ConfigChange]) -> None:
        if not changes:
            return
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                each.name,
                incremental_configs=[
                    ConfigEntry(name, new, incremental_operation=AlterConfigOpType.SET)
                    for name, (_, new) in each.changes.items()
                ],
            )
            for each in changes
        ]
        futures = self._client.incremental_alter_configs(resources, request_timeout=REQUEST_SECONDS)
        for resource, future in futures.items():
            _result(future, f"changing {resource.name}")

    def _await_leaders(self, partitions: dict[str, int]) -> None:
        deadline = time.monotonic() + SEEN_WITHIN_SECONDS
        while missing := [name for name, count in partitions.items() if not self._has_leaders(name, count)]:
            if time.monotonic() > deadline:
                raise KafkaUnavailable(f"no leaders after {SEEN_WITHIN_SECONDS:.0f} s: {', '.join(missing)}")
            time.sleep(0.05)

    def _has_leaders(self, name: str, partitions: int) -> bool:
        try:
            topic = self._client.list_topics(name, timeout=METADATA_SECONDS).topics[name]
        except KafkaException as error:
            raise unavailable(f"looking at {name}", kafka_error(error)) from error
        leaders = [each.leader for each in topic.partitions.values()]
        return topic.error is None and len(leaders) >= partitions and all(leader >= 0 for leader in leaders)


def _result(future: "Future[Any]", doing: str, harmless: int | None = None) -> Any:
    try:
        return future.result(timeout=REQUEST_SECONDS * 2)
    except KafkaException as exception:
        error = kafka_error(exception)
        if error.code() == harmless:
            return None
        if error.code() in _OUTAGES:
            raise unavailable(doing, error) from exception
        raise TopicRefused(f"{doing}: {error.name()}: {error.str()}") from exception
