"""A user's inbox, as people see it: what it holds, and what they do with it."""

import enum

import msgspec

from domain.instants import Micros


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """One notification in the inbox."""

    id: str
    seq: int
    type: str
    title: str
    body: str
    data: bytes | None
    priority: str
    about: str | None
    interest: str | None
    match_key: str | None
    match_version: int | None
    created_at: Micros
    expires_at: Micros
    stored_at: Micros
    correction: bool
    acked_at: Micros | None
    read_at: Micros | None


class Deed(enum.StrEnum):
    """What a user does with notifications."""

    READ = "read"
    ARCHIVE = "archived"


class Scope(msgspec.Struct, frozen=True):
    """Which: those of the ids, else all up to a place in the inbox."""

    ids: tuple[str, ...] | None
    up_to: int


class Done(msgspec.Struct, frozen=True):
    """One notification that is read or archived: now, or (if it was named by its id) before."""

    id: str
    seq: int
    at: Micros
    prevented: bool
    """A push that was still open is not made any more."""
    changed: bool
    """Now."""
