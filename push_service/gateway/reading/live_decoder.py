"""Reads live records without ever making the event loop wait for the schema registry."""

import asyncio
from typing import Protocol

from domain.errors import OutageError, PermanentError
from domain.live_update import LiveUpdate

_HEADER_BYTES = 5  # Confluent's framing: a zero byte and the schema's id
_RETRY_SECONDS = 1.0


class Codec(Protocol):
    """What decodes a value by the schema it was written with; may ask the registry for one it does not know."""

    def decode(self, raw: bytes, into: type[LiveUpdate]) -> LiveUpdate:
        """Raises PermanentError for what is no such record, OutageError when the registry is needed and away."""


class LiveDecoder:
    """Decodes at once what has a schema that was seen before; a new schema is learned in a thread."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._known: set[bytes] = set()

    def knows(self, raw: bytes) -> bool:
        """Whether `decode` would answer without asking anybody."""
        return raw[:_HEADER_BYTES] in self._known

    def decode(self, raw: bytes) -> LiveUpdate:
        """A record that `knows` is true of. Raises PermanentError."""
        return self._codec.decode(raw, LiveUpdate)

    async def learn(self, raw: bytes) -> LiveUpdate:
        """A record with a new schema. Waits for as long as the registry is away. Raises PermanentError."""
        while True:
            try:
                update = await asyncio.to_thread(self._codec.decode, raw, LiveUpdate)
            except PermanentError:
                raise
            except OutageError:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._known.add(raw[:_HEADER_BYTES])
                return update
