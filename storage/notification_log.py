"""The history of notifications: what the dispatcher writes into it, and what it then knows for certain."""

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.instants import Micros
from domain.notification import Notification
from domain.push_state import PushState

MAX_BATCH = 2_000
"""Notifications in one statement."""


class NewNotice(msgspec.Struct, frozen=True):
    """A notification, as it is to be stored. What of it comes from people is text without NUL (PostgreSQL has none)."""

    notification: Notification
    source: str
    """`topic id/partition/offset` of the record that brings it."""
    classified_at: Micros
    state: PushState
    """What was decided about its push."""
    correction: bool = False
    """It seems to replace another one. Where that is wrong, it is put right."""


class Outcome(enum.Enum):
    """What `NotificationLog.store` did."""

    STORED = enum.auto()
    AGAIN = enum.auto()
    """The same source has stored it before: we died after that, or it could not all be done."""
    DUPLICATE = enum.auto()
    """It was stored from another source."""


class Stored(msgspec.Struct, frozen=True):
    """What stands in the history now. The same for a notification that is stored again, but for `state`."""

    outcome: Outcome
    seq: int
    """Its place in the inbox."""
    state: PushState
    """What was decided before, if it was stored before: it never changes back."""
    replaces: str | None = None
    """The id of the notification that was shown until this one came."""
    outdated_by: str | None = None
    """The id of one that came before it, and tells the same or a later version: it is not to be shown."""


class NotificationStore(Protocol):
    """For the dispatcher's thread."""

    def store(self, batch: Sequence[NewNotice]) -> list[Stored]:
        """One answer for each, in their order; all are stored, or none. At most MAX_BATCH. Raises OutageError.

        Of a user's notifications with one match key the one with the highest version is shown, of several with the
        same version the first. The others are kept as replaced, also those that are outdated when they come: so the
        history has everything, and their open pushes are cancelled. What belongs to a user has to come in order, from
        one process at a time.
        """
