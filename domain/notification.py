"""Notifications: what somebody is to know. Field names are those of `schemas/avro/`."""

import enum

import msgspec

from domain.instants import Micros


class Phase(enum.StrEnum):
    """What a request or a notification asks for."""

    SHOW = "show"
    """Tell it: the inbox, the sockets, and a phone if nobody acknowledges."""
    PUSH = "push"
    """It was told before; its push was put off (quiet hours) and is due now."""
    DIGEST = "digest"
    """One push for all of its type that were held back."""


class Priority(enum.StrEnum):
    """How urgent: `high` wakes a phone."""

    HIGH = "high"
    NORMAL = "normal"


class NoticeContent(msgspec.Struct, frozen=True, kw_only=True):
    """What is told, the same for everybody who is told."""

    type: str
    """A key of the table of notification types (`domain/notification_types.py`)."""
    title: str
    body: str
    data: bytes | None = None
    """A JSON object in UTF-8, handed to apps byte for byte."""
    priority: str = Priority.NORMAL
    created_at: Micros
    """When what it tells happened."""
    accepted_at: Micros
    """When the platform took it in."""
    expires_at: Micros
    """From then on it is not pushed any more; the inbox keeps it."""
    interest: str | None = None
    """The interest whose followers are told, if it was addressed to one."""
    collapse_key: str | None = None
    """Of those with the same key a phone shows the last."""
    match_key: str | None = None
    """What it tells about: a later `match_version` replaces what was shown of the same user and key."""
    match_version: int | None = None
    about: str | None = None
    """The entity it is about: `acme/order/A-1001`."""


def is_app_data(data: bytes) -> bool:
    """Whether these bytes can be the `data` of a notification: a JSON object in UTF-8, not nested beyond reason."""
    try:
        return isinstance(msgspec.json.decode(data), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


class NotificationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `notifications.requests.v1`. Exactly one of users, installation and interest says who is told."""

    id: str
    """The sender's own, in the scope of the tenant, else derived from its source: also the id of every notification."""
    tenant: str
    users: list[str] = []
    installation: str | None = None
    interest: str | None = None
    send_at: Micros | None = None
    """Not before."""
    after: str | None = None
    """Followers up to this one were told: where a long expansion goes on."""
    phase: str = Phase.SHOW
    credential: str | None = None
    content: NoticeContent

    @property
    def key(self) -> str:
        """The Kafka key, `tenant/addressee`: what goes to one user, installation or interest stays in the order in
        which it was sent. A list of users has no order to keep, and goes by the request's id.
        """
        if len(self.users) == 1:
            return f"{self.tenant}/{self.users[0]}"
        return f"{self.tenant}/{self.interest or self.installation or self.id}"

    @property
    def time(self) -> Micros:
        """When what it tells happened."""
        return self.content.created_at


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `notifications.v1`: one notification for one user."""

    id: str
    """Unique for (tenant, user)."""
    tenant: str
    user: str
    installation: str | None = None
    """Push to this installation alone."""
    phase: str = Phase.SHOW
    content: NoticeContent

    @property
    def key(self) -> str:
        """The Kafka key: `tenant/user`."""
        return f"{self.tenant}/{self.user}"


class PushPending(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `push.pending.v1`: pushed when it is due, unless it was acknowledged by then."""

    id: str
    tenant: str
    user: str
    installation: str | None = None
    due_at: Micros
    content: NoticeContent

    @property
    def key(self) -> str:
        """The Kafka key: `tenant/user`."""
        return f"{self.tenant}/{self.user}"
