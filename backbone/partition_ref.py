"""A partition, told apart from one of a topic that was made again under the same name."""

from typing import NamedTuple


class PartitionRef(NamedTuple):
    """A partition of a topic. `topic_id` is Kafka's own: a topic that was made again has another."""

    topic: str
    topic_id: str
    partition: int
