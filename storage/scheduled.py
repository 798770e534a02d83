"""Requests whose time has yet to come: send-at, the end of quiet hours, the end of a digest's window.

Kept by `storage/postgres/scheduled.py`: `Scheduled` for threads that put them, `AsyncScheduled` for the timer.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.instants import Micros
from domain.notification import NotificationRequest


class ScheduledRequest(msgspec.Struct, frozen=True):
    """A request that is produced to `notifications.requests.v1` when it is due."""

    id: str
    """Unique within the tenant: see the functions below."""
    due_at: Micros
    request: NotificationRequest


class Due(msgspec.Struct, frozen=True):
    """A leased one. `request` is None where the row does not hold one that can be read."""

    tenant: str
    id: str
    due_at: Micros
    request: NotificationRequest | None


class ScheduledPutting(Protocol):
    """For threads: address and the dispatcher."""

    def put(self, requests: Sequence[ScheduledRequest]) -> None:
        """Keep them until they are due. Of two with one id the one that is due later counts: what has come back may be
        put off once more. What is put again after it was done comes again, for something new may wait for it; whoever
        gets it knows what was done before. Raises OutageError.
        """
        ...


class ScheduledLeasing(Protocol):
    """For the timer. Every method raises OutageError."""

    async def lease(self, limit: int, seconds: float) -> Sequence[Due]:
        """At most `limit` of those that are due, oldest first. Nobody else gets them before `seconds` have passed."""
        ...

    async def done(self, due: Sequence[Due]) -> int:
        """They were produced. Returns for how many that was news; one that was put off meanwhile stays."""
        ...


def send_id(request_id: str) -> str:
    """Of a request that is to be sent later."""
    return f"send:{request_id}"


def quiet_id(user: str, notification_id: str) -> str:
    """Of a push that waits for the end of the user's quiet hours."""
    return f"quiet:{user}/{notification_id}"


def digest_id(user: str, notification_type: str, window: int) -> str:
    """Of the push for all of a type that were held back in a window, which has a number."""
    return f"digest:{user}/{notification_type}/{window}"
