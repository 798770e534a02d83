"""Where a derived record came from: the mark by which replays and zombies are recognised."""

import msgspec


class SourcePosition(msgspec.Struct, frozen=True, order=True):
    """A place in a source topic. Compared only within the same topic id and partition."""

    topic: str
    topic_id: str
    """Kafka's own id of the topic: a topic that was made again under the same name has another."""
    partition: int
    offset: int
    index: int = 0
    """Which of the records that were made of this one source record, counted from 0 in the order they are produced."""

    @property
    def stream(self) -> tuple[str, int]:
        """What positions are comparable within: (topic id, partition)."""
        return (self.topic_id, self.partition)

    @property
    def rank(self) -> tuple[int, int]:
        """The order within the stream: (offset, index)."""
        return (self.offset, self.index)
