"""The topic table keeps its own rules."""

import pytest

from backbone.topics import (
    DEAD_LETTERS,
    LATEST,
    PINGS,
    POSITIONS,
    REFERENCE,
    RETRIES,
    TOPICS,
    Cleanup,
    Topic,
    dead_letter_topic,
    retry_topic,
)

ALL = (*TOPICS, *DEAD_LETTERS, *RETRIES)


def test_no_name_is_given_twice() -> None:
    assert len({topic.name for topic in ALL}) == len(ALL)


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_every_topic_is_named_and_kept_as_kafka_allows(topic: Topic) -> None:
    assert len(topic.name) <= 249
    assert set(topic.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert topic.doc.endswith(".")
    assert topic.written_by
    # A compacted topic is kept for ever, all others for a time.
    assert (topic.kept_days is None) == (topic.cleanup is Cleanup.COMPACT)


def test_copartitioned_topics_have_the_same_keys_and_counts() -> None:
    assert POSITIONS.copartitioned_with == PINGS.name
    assert (POSITIONS.key, POSITIONS.partitions) == (PINGS.key, PINGS.partitions)


def test_days_are_told_to_the_broker_in_milliseconds() -> None:
    assert PINGS.config == {"cleanup.policy": "delete", "retention.ms": "604800000"}


@pytest.mark.parametrize("topic", [REFERENCE, LATEST], ids=lambda topic: topic.name)
def test_compacted_topics_are_compacted_within_hours(topic: Topic) -> None:
    """They are read whole at every start; by Kafka's defaults nothing is compacted for a week."""
    assert topic.config["cleanup.policy"] == "compact"
    assert int(topic.config["segment.ms"]) <= 6 * 3600 * 1000
    assert int(topic.config["max.compaction.lag.ms"]) <= 24 * 3600 * 1000
    assert "retention.ms" not in topic.config


def test_subjects_follow_the_topic_name_strategy() -> None:
    assert PINGS.subject == "fleet.pings.v1-value"


def test_dead_letters_are_kept_for_every_consumer_that_decodes() -> None:
    names = {topic.name for topic in DEAD_LETTERS}
    assert dead_letter_topic("fleet.pings.v1", "enrich") in names
    assert all(topic.record is None for topic in DEAD_LETTERS)


def test_every_push_provider_has_a_topic_for_each_delay_of_its_own() -> None:
    names = {topic.name for topic in RETRIES}
    assert retry_topic("push.outbox.fcm.v1", "senders-fcm", "10s") in names
    assert len(names) == 4 * 4
    assert all(topic.record is None for topic in RETRIES)
