"""What the road of a batch needs to know of the kind of its items."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from backbone.topics import Topic
from domain.instants import Micros
from ingest.admission import Caller


class Event(Protocol):
    """A domain record that goes to Kafka."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def time(self) -> Micros: ...


class Taken(msgspec.Struct, frozen=True):
    """An item that may go to Kafka, and what its answer will say of it."""

    event: Any
    """An Event; a msgspec.Struct of `domain/`."""
    flags: Sequence[str] = ()
    """Faults of the fix that are seen without knowing more than this item."""


class Intake(Protocol):
    """Reads items of one kind."""

    @property
    def topic(self) -> Topic: ...
    @property
    def event_type(self) -> str:
        """CloudEvents `type`."""
        ...

    def read(self, item: Any, caller: Caller, received_at: Micros) -> Taken:
        """The item as a record. Raises Faults."""
        ...
