"""A live update: what subscribers of channels see, as it is on the live topics."""

import msgspec

from domain.instants import Micros
from domain.notification_live import TYPING
from domain.source_position import SourcePosition

JOIN = "join"
LEAVE = "leave"
PASSING_KINDS = frozenset({JOIN, LEAVE, TYPING})
"""Kinds of updates that are told to who is there at that moment, and are no part of a channel's history or state."""


class LiveUpdate(msgspec.Struct, frozen=True):
    """One record for one or more channels of one fleet. Field names are those of `schemas/avro/LiveUpdate.avsc`."""

    id: str
    """Derived from the source event's id and the rule that made this record."""
    fleet: str
    channels: list[str]
    kind: str
    """`position`, `status`, later `event` and others: with `entity` the unit of a snapshot."""
    entity: str
    """`asset/truck-7`, `order/A-1001`, or `carrier` for whatever carries an order."""
    event_time: Micros
    version: int
    """Orders the updates of one (channel, kind, entity): a position's event time, a status' version."""
    received_at: Micros
    """When the source event reached ingest."""
    payload: bytes
    """UTF-8 JSON, handed to clients byte for byte."""
    info: bytes | None = None
    """UTF-8 JSON about the client that published it, when a client did."""
    tags: dict[str, str] = {}
    source: SourcePosition | None = None
    """None for what a client or a back end published: only processors make state."""
