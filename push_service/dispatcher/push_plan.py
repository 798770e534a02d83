"""Whether and when a notification goes to phones: a pure rule."""

import enum

import msgspec

from domain.instants import SECOND, Micros
from domain.notification_types import NotificationType
from domain.preferences import Preferences
from domain.push_state import PushState


class Why(enum.StrEnum):
    """Outcomes in the timeline of what is not pushed at once."""

    MUTED = "muted"
    """The type is for the inbox alone, or the user does not want it on phones."""
    QUIET_HOURS = "quiet-hours"
    DIGEST = "digest"
    REPLACED = "replaced"
    """Another notification tells the same or a later version."""


class Circumstances(msgspec.Struct, frozen=True):
    """What a plan depends on, besides what is told."""

    preferences: Preferences
    connected: bool
    """The user has a socket open, on which the notification can be acknowledged."""
    recent: int
    """How many of the type came before it in the digest window."""
    window_end: int
    """Seconds since the epoch."""


class PushPlan(msgspec.Struct, frozen=True):
    """What is to be done."""

    state: PushState
    """PENDING: wait for an acknowledgement; QUEUED: push now; HELD: until `until`; NONE; EXPIRED."""
    live: bool = True
    """Whether open sockets are told."""
    why: Why | None = None
    until: Micros | None = None
    digest: bool = False
    """One push will be made for all of its type that are held until then."""


ANY_TYPE = NotificationType(title="")
"""What holds for a type that this deployment does not know (any more)."""

_NOW = PushPlan(PushState.QUEUED)
_WAIT = PushPlan(PushState.PENDING)
_NOW_SILENT = PushPlan(PushState.QUEUED, live=False)


def push_plan(
    name: str, kind: NotificationType, expires_at: Micros, circumstances: Circumstances, now: Micros
) -> PushPlan:
    """The plan for a notification of the type `kind`, called `name`, that is told at `now`."""
    preferences = circumstances.preferences
    channels = preferences.channels(name)
    live = channels.live
    if not (kind.push and channels.push):
        return PushPlan(PushState.NONE, live, Why.MUTED)
    if expires_at <= now:
        return PushPlan(PushState.EXPIRED, live)
    digest = kind.digest
    if kind.quiet_hours and preferences.quiet_hours is not None:
        until = preferences.quiet_until(now)
        if until is not None:
            return PushPlan(PushState.HELD, live, Why.QUIET_HOURS, until, digest is not None)
    if digest is not None and circumstances.recent >= digest.after:
        return PushPlan(PushState.HELD, live, Why.DIGEST, circumstances.window_end * SECOND, digest=True)
    if not live:
        return _NOW_SILENT
    return _WAIT if circumstances.connected else _NOW
