"""A publication: one live record, as the partition log keeps it and channels publish it."""

import msgspec

from domain.instants import Micros
from domain.live_update import LiveUpdate

_OVERHEAD_BYTES = 1_000
"""What a publication takes in memory besides its payload, its channels and its JSON."""


class Publication:
    """A live record with its position. Its JSON is built once, when somebody first needs it."""

    __slots__ = ("_json", "kafka_offset", "produced_at", "update")

    def __init__(self, kafka_offset: int, update: LiveUpdate, produced_at: Micros = 0) -> None:
        self.kafka_offset = kafka_offset
        self.update = update
        self.produced_at = produced_at
        """The record's time; 0: not known."""
        self._json: bytes | None = None

    @property
    def offset(self) -> int:
        """The protocol's offset: Kafka's plus 1, so it is also the Kafka offset of what comes next; 0 is no offset."""
        return self.kafka_offset + 1

    @property
    def entity(self) -> tuple[str, str]:
        """What it is about: the unit of a snapshot, and of conflation."""
        return (self.update.kind, self.update.entity)

    @property
    def memory_bytes(self) -> int:
        """About what the log holds for it."""
        return _OVERHEAD_BYTES + 2 * len(self.update.payload) + 100 * len(self.update.channels)

    @property
    def json(self) -> bytes:
        """`{"data":...,"offset":...}`: the protocol's Publication. The payload's bytes are handed on unchanged.

        Frames hold several JSON values separated by newlines, so a payload that was written over several lines, which
        nothing of ours does, is written again without them.
        """
        if self._json is None:
            update = self.update
            payload = update.payload if b"\n" not in update.payload else msgspec.json.format(update.payload, indent=-1)
            parts = [b'{"data":', payload, b',"offset":%d' % self.offset]
            if update.tags:
                parts += (b',"tags":', msgspec.json.encode(update.tags))
            if update.info is not None:
                parts += (b',"info":', msgspec.json.format(update.info, indent=-1))
            parts.append(b"}")
            self._json = b"".join(parts)
        return self._json
