"""What a cluster lacks of the topic table. Pure: `backbone.topic_admin` reads the cluster and carries the plan out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backbone.topics import Topic

BROKER_DEFAULT = -1
"""As a replication factor: the broker's `default.replication.factor` (KIP-464)."""


class TopicOptionError(ValueError):
    """An option names a topic that is not in the table, or a number that cannot be."""


@dataclass(frozen=True)
class ClusterTopic:
    """A topic as the cluster has it."""

    partitions: int
    replication_factor: int
    config: Mapping[str, str]


@dataclass(frozen=True)
class Creation:
    """A topic to create."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]

    def __str__(self) -> str:
        copies = "" if self.replication_factor == BROKER_DEFAULT else f", {self.replication_factor} copies"
        config = " ".join(f"{name}={value}" for name, value in sorted(self.config.items()))
        return f"create {self.name}: {self.partitions} partitions{copies}, {config}"


@dataclass(frozen=True)
class ConfigChange:
    """Settings of an existing topic to change: name -> (value now, value wanted)."""

    name: str
    changes: Mapping[str, tuple[str | None, str]]

    def __str__(self) -> str:
        changes = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in sorted(self.changes.items()))
        return f"change {self.name}: {changes}"


@dataclass
class TopicPlan:
    """The steps that bring a cluster to the table. With refusals nothing is done."""

    creations: list[Creation] = field(default_factory=list)
    changes: list[ConfigChange] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def steps(self) -> list[Creation | ConfigChange]:
        return [*self.creations, *self.changes]


@dataclass(frozen=True)
class TopicOptions:
    """What a deployment decides for itself."""

    partitions: Mapping[str, int] = field(default_factory=dict)
    """By topic; a co-partitioned topic follows the one it is partitioned with."""
    replication_factor: int = BROKER_DEFAULT
    min_insync_replicas: int | None = None


def plan_topics(table: Sequence[Topic], cluster: Mapping[str, ClusterTopic], options: TopicOptions) -> TopicPlan:
    """Compare the table with the cluster. Raises TopicOptionError."""
    counts = _partition_counts(table, options.partitions)
    own_config = (
        {} if options.min_insync_replicas is None else {"min.insync.replicas": str(options.min_insync_replicas)}
    )
    plan = TopicPlan()
    for topic in table:
        wanted = {**topic.config, **own_config}
        existing = cluster.get(topic.name)
        if existing is None:
            plan.creations.append(Creation(topic.name, counts[topic.name], options.replication_factor, wanted))
            continue
        plan.refusals += _refusals(topic, existing, counts[topic.name], options.replication_factor)
        changes = {
            name: (existing.config.get(name), value)
            for name, value in wanted.items()
            if existing.config.get(name) != value
        }
        if changes:
            plan.changes.append(ConfigChange(topic.name, changes))
    return plan


def _partition_counts(table: Sequence[Topic], given: Mapping[str, int]) -> dict[str, int]:
    names = {topic.name for topic in table}
    for name, count in given.items():
        if name not in names:
            raise TopicOptionError(f"partitions: {name} is not in the topic table")
        if count < 1:
            raise TopicOptionError(f"partitions: {name}: at least 1")
    counts = {topic.name: given.get(topic.name, topic.partitions) for topic in table}
    for topic in table:
        partner = topic.copartitioned_with
        if partner is None or partner not in counts:
            continue
        if topic.name in given and given[topic.name] != counts[partner]:
            raise TopicOptionError(f"partitions: {topic.name} must have as many as {partner}: {counts[partner]}")
        counts[topic.name] = counts[partner]
    return counts


def _refusals(topic: Topic, existing: ClusterTopic, partitions: int, replication_factor: int) -> list[str]:
    refusals = []
    if existing.partitions != partitions:
        refusals.append(
            f"{topic.name} has {existing.partitions} partitions, wanted are {partitions}: keys would move, so the count"
            " never changes in place. Make a new version of the topic and drain this one, or keep what there is:"
            f" --partitions {topic.name}={existing.partitions}"
        )
    if replication_factor not in (BROKER_DEFAULT, existing.replication_factor):
        refusals.append(
            f"{topic.name} has {existing.replication_factor} copies, wanted are {replication_factor}: that is a"
            " reassignment of partitions (kafka-reassign-partitions), which moves all its data"
        )
    return refusals
