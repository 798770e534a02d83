"""The last minutes of one partition in memory: what lets a client that comes back resume exactly. Pure."""

from collections import deque

import msgspec

from domain.instants import SECOND, Micros
from domain.source_position import SourcePosition
from push_service.gateway.delivery.publication import Publication


class LogLimits(msgspec.Struct, frozen=True):
    """What one partition's log may hold; over any bound the oldest go."""

    max_bytes: int
    max_publications: int
    max_seconds: float
    """Between the receipt of the oldest and that of the newest."""


class PartitionLog:
    """Publications of one partition in order of offset, indexed by channel.

    Complete from `start` (inclusive) to `end` (exclusive), both Kafka offsets, for every channel.
    """

    __slots__ = ("_channels", "_limits", "_publications", "_ranks", "bytes", "end", "repeats", "start")

    def __init__(self, start: int, limits: LogLimits) -> None:
        self.start = start
        self.end = start
        self.bytes = 0
        self.repeats = 0
        """How many records were skipped as repeats."""
        self._limits = limits
        self._publications: deque[Publication] = deque()
        self._channels: dict[str, deque[Publication]] = {}
        self._ranks: dict[tuple[str, int], tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._publications)

    def append(self, publication: Publication) -> bool:
        """Takes the next record. False, and nothing is kept, when it repeats what its source has already made.

        A source stream's records come in the order of their rank; one at or below the highest seen was made again by a
        processor that was replayed, or by one that had lost its partition and did not know yet.
        """
        if publication.kafka_offset < self.end:
            return False  # read again after the reader reopened the partition
        self.advance(publication.kafka_offset + 1)
        source = publication.update.source
        if source is not None and not self._is_news(source):
            self.repeats += 1
            return False
        self._publications.append(publication)
        self.bytes += publication.memory_bytes
        for channel in publication.update.channels:
            self._channels.setdefault(channel, deque()).append(publication)
        self._evict()
        return True

    def advance(self, offset: int) -> None:
        """Everything below `offset` has been read, be it that there was nothing for us to keep."""
        self.end = max(self.end, offset)

    def covers(self, offset: int) -> bool:
        """Whether every record from `offset` on is known up to the log's end."""
        return self.start <= offset <= self.end

    @property
    def well_inside(self) -> int:
        """An offset that the log covers, and for a while yet although it loses its oldest."""
        return self.start + (self.end - self.start) // 4

    def since(self, channel: str, offset: int) -> list[Publication]:
        """The channel's publications from a Kafka offset on, in order. Complete only if the log `covers` it."""
        found: list[Publication] = []
        for publication in reversed(self._channels.get(channel, ())):
            if publication.kafka_offset < offset:
                break
            found.append(publication)
        found.reverse()
        return found

    def had(self, channel: str, offset: int, since: Micros) -> list[Publication]:
        """The channel's publications below a Kafka offset that were produced since an instant, the newest first."""
        found: list[Publication] = []
        for publication in reversed(self._channels.get(channel, ())):
            if publication.produced_at < since:
                break
            if publication.kafka_offset < offset:
                found.append(publication)
        return found

    def _is_news(self, source: SourcePosition) -> bool:
        highest = self._ranks.get(source.stream)
        if highest is not None and source.rank <= highest:
            return False
        self._ranks[source.stream] = source.rank
        return True

    def _evict(self) -> None:
        publications, limits = self._publications, self._limits
        too_old = publications[-1].update.received_at - limits.max_seconds * SECOND
        while publications and (
            self.bytes > limits.max_bytes
            or len(publications) > limits.max_publications
            or publications[0].update.received_at < too_old
        ):
            oldest = publications.popleft()
            self.start = oldest.kafka_offset + 1
            self.bytes -= oldest.memory_bytes
            for channel in oldest.update.channels:
                kept = self._channels[channel]
                kept.popleft()
                if not kept:
                    del self._channels[channel]
