"""What `topics plan` decides, without a cluster."""

from dataclasses import replace

import pytest

from backbone.topic_plan import (
    ClusterTopic,
    ConfigChange,
    Creation,
    TopicOptionError,
    TopicOptions,
    TopicPlan,
    plan_topics,
)
from backbone.topics import LATEST, PINGS, POSITIONS

TABLE = [PINGS, POSITIONS, LATEST]


def as_in_the_table(partitions: int = 8) -> dict[str, ClusterTopic]:
    broker = {"compression.type": "producer"}
    return {topic.name: ClusterTopic(partitions, 1, {**broker, **topic.config}) for topic in TABLE}


def test_an_empty_cluster_gets_every_topic_with_its_configuration() -> None:
    plan = plan_topics(TABLE, {}, TopicOptions())
    assert plan.creations == [Creation(topic.name, topic.partitions, -1, topic.config) for topic in TABLE]
    assert not plan.changes
    assert not plan.refusals


def test_a_cluster_that_is_as_the_table_needs_nothing() -> None:
    assert plan_topics(TABLE, as_in_the_table(), TopicOptions()) == TopicPlan()


def test_only_settings_of_the_table_are_compared_and_changed() -> None:
    cluster = as_in_the_table()
    cluster[PINGS.name] = replace(
        cluster[PINGS.name], config={**cluster[PINGS.name].config, "retention.ms": "1", "max.message.bytes": "5"}
    )
    plan = plan_topics(TABLE, cluster, TopicOptions())
    assert plan.changes == [ConfigChange(PINGS.name, {"retention.ms": ("1", "604800000")})]
    assert str(plan.changes[0]) == "change fleet.pings.v1: retention.ms 1 -> 604800000"


def test_another_partition_count_is_refused_and_explained() -> None:
    cluster = as_in_the_table()
    cluster[LATEST.name] = replace(cluster[LATEST.name], partitions=4)
    (refusal,) = plan_topics(TABLE, cluster, TopicOptions()).refusals
    assert refusal.startswith("fleet.latest.v1 has 4 partitions, wanted are 8: keys would move")
    assert "--partitions fleet.latest.v1=4" in refusal
    assert plan_topics(TABLE, cluster, TopicOptions(partitions={LATEST.name: 4})) == TopicPlan()


def test_a_copartitioned_topic_follows_its_partner() -> None:
    plan = plan_topics(TABLE, {}, TopicOptions(partitions={PINGS.name: 24}))
    assert [creation.partitions for creation in plan.creations] == [24, 24, 8]


@pytest.mark.parametrize(
    ("partitions", "fault"),
    [
        ({"fleet.pngs.v1": 3}, "is not in the topic table"),
        ({PINGS.name: 0}, "at least 1"),
        ({POSITIONS.name: 4}, "must have as many as fleet.pings.v1: 8"),
    ],
)
def test_a_wrong_option_is_told(partitions: dict[str, int], fault: str) -> None:
    with pytest.raises(TopicOptionError, match=fault):
        plan_topics(TABLE, {}, TopicOptions(partitions=partitions))


def test_replication_is_as_asked_and_another_is_refused() -> None:
    options = TopicOptions(replication_factor=3, min_insync_replicas=2)
    plan = plan_topics(TABLE, {}, options)
    assert plan.creations[0].replication_factor == 3
    assert plan.creations[0].config["min.insync.replicas"] == "2"
    refusals = plan_topics(TABLE, as_in_the_table(), options).refusals
    assert refusals[0].startswith("fleet.pings.v1 has 1 copies, wanted are 3: that is a reassignment")
