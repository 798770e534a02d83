"""What becomes of a notification, step by step: its delivery timeline."""

import enum

import msgspec

from domain.instants import Micros


class Step(enum.StrEnum):
    """Those with a star stand in the notification's own row; the others are told by receipts."""

    ACCEPTED = "accepted"
    """* The platform took the request in."""
    CLASSIFIED = "classified"
    """* It is new or a correction."""
    STORED = "stored"
    """* It is in the inbox."""
    SENT = "sent"
    """It was written to a socket, or a connection that came back has it. A gateway that is killed may not have told the
    last ones of some milliseconds; of these the connection's return tells.
    """
    ACKED = "acked"
    """The app acknowledged it."""
    HELD = "held"
    """Its push was put off: quiet hours or a digest."""
    QUEUED = "queued"
    """It was handed to a provider's outbox."""
    ATTEMPTED = "attempted"
    """A provider was called; the outcome says how it went."""
    RETRIED = "retried"
    """It will be tried again later."""
    FAILED = "failed"
    """It will not be tried again."""
    EXPIRED = "expired"
    """Its time ended before it was pushed."""
    CANCELLED = "cancelled"
    """Nothing is pushed: acknowledged, read, muted, replaced, or nobody to push to."""
    READ = "read"
    """The user has read it."""
    ARCHIVED = "archived"
    """The user has put it away."""


class PushReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `push.receipts.v1`. Field names are those of `schemas/avro/PushReceipt.avsc`."""

    id: str
    """Derived from what happened: the same when it is told again."""
    notification: str
    tenant: str
    user: str
    step: str
    at: Micros
    outcome: str | None = None
    detail: str | None = None
    gateway: str | None = None
    client: str | None = None
    installation: str | None = None
    provider: str | None = None
    platform: str | None = None
    model: str | None = None
    app_version: str | None = None
    provider_id: str | None = None
    attempt: int = 0

    @property
    def key(self) -> str:
        """The Kafka key: `tenant/user/notification`."""
        return f"{self.tenant}/{self.user}/{self.notification}"
