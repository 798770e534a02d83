"""What is known of a user at the moment when a notification comes: the cheap word on it, asked once for a whole batch.

It may be lost at any time: then everything is new, nobody has preferences that are known, and PostgreSQL, which has the
last word, is asked more often. Nothing here says that a notification was told; it says who was the first to bring it.
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.instants import Micros

MAX_BATCH = 2_000
"""Notices in one question: a script holds Redis for as long as it runs, some microseconds for each."""
MAX_KEPT = 256
"""Ids, match keys and windows kept of one user; above that, the oldest are forgotten first."""
KEEP_IDS_SECONDS = 24 * 60 * 60
KEEP_MATCHES_SECONDS = 7 * 24 * 60 * 60
KEEP_PREFERENCES_SECONDS = 60 * 60
"""After this a document is read from PostgreSQL again: who changed it may have died before it was told here."""


class Verdict(enum.IntEnum):
    """What a notification is, as far as is known here."""

    NEW = 0
    DUPLICATE = 1
    """The same id came from another place."""
    CORRECTION = 2
    """A later version of what `other` tells about."""
    OUTDATED = 3
    """`other` tells the same or a later version."""


class Asked(NamedTuple):
    """One notification. The same one from the same source gets the same answer again, but for what was lost."""

    tenant: str
    user: str
    id: str
    source: str
    """`topic id/partition/offset` of the record that brings it."""
    type: str
    window: int = 0
    """Seconds of the type's digest window; 0: it has none, and nothing is counted."""
    match_key: str | None = None
    match_version: int | None = None


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What is known."""

    verdict: Verdict
    other: str
    """The id of the notification that it replaces, or by which it is outdated; empty: none."""
    connected: bool
    """Whether the user has an open connection to a live gateway."""
    recent: int
    """How many of its type came before it in the digest window."""
    window_end: int
    """When that window ends, seconds since the epoch; 0 when nothing was counted."""
    preferences: str | None
    """The user's document (`domain/preferences.py`), empty for one who has none; None: not known here."""


class NoticeStore(Protocol):
    """For the dispatcher's thread. Both methods raise OutageError."""

    def classify(self, asked: Sequence[Asked], now: Micros) -> Iterator[Answer]:
        """One answer for each, in their order, as they come: the store may work on later ones meanwhile. Those before
        count for those after them. At most MAX_BATCH.
        """

    def remember(self, documents: Mapping[tuple[str, str], bytes], now: Micros) -> None:
        """Preferences of (tenant, user) as PostgreSQL has them, where none are known: somebody may have set others."""


class PreferencesCache(Protocol):
    """For who changes preferences, after the commit. Raises OutageError: then they take effect within an hour."""

    async def set(self, tenant: str, user: str, document: bytes, now: Micros) -> None:
        """The user's document is this from now on."""
