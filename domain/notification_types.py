"""Notification types: data, not code. `notification_types.json` has those that every deployment has."""

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from domain.notification import Priority

TYPE_RULE = "1 to 64 of a-z 0-9 _, beginning with a letter"
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
MAX_TTL_SECONDS = 28 * 86_400
"""Four weeks: what FCM takes at most."""


class Digest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A burst becomes one push: what comes after the first `after` of a window of `seconds` waits for its end."""

    after: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    seconds: Annotated[int, msgspec.Meta(ge=10, le=86_400)]


class NotificationType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all notifications of a type, unless the request says otherwise."""

    title: str
    """With fields in braces, filled from what is told: `Order {id}`."""
    body: str = ""
    words: dict[str, str] = {}
    """What the fields `status` and `event` say, by the name of what happened, such as `{"delivered": "At your door"}`;
    fields in braces too. A name that is not here is said in its own words: `out_for_delivery` as "Out for delivery"."""
    priority: Priority = Priority.NORMAL
    ttl_seconds: Annotated[int, msgspec.Meta(ge=1, le=MAX_TTL_SECONDS)] = 86_400
    push: bool = True
    """Whether it goes to phones at all."""
    quiet_hours: bool = True
    """Whether quiet hours hold it back."""
    digest: Digest | None = None


class NotificationTypes:
    """The types of a deployment, by name."""

    def __init__(self, types: Mapping[str, NotificationType]) -> None:
        self._types = dict(types)

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def names(self) -> list[str]:
        """All types, sorted."""
        return sorted(self._types)

    def of(self, name: str) -> NotificationType | None:
        """The type of this name; None if there is none."""
        return self._types.get(name)


def is_type_name(name: str) -> bool:
    """See TYPE_RULE."""
    return _TYPE.fullmatch(name) is not None


def read_notification_types(*documents: bytes) -> NotificationTypes:
    """Types of JSON documents `{name: type}`, later ones over earlier ones.

    Raises ValueError, which names the place, for anything else.
    """
    types: dict[str, NotificationType] = {}
    for document in documents:
        types |= msgspec.json.decode(document, type=dict[str, NotificationType])
    for name in types:
        if not is_type_name(name):
            raise ValueError(f"the name of a notification type is {TYPE_RULE}")
    return NotificationTypes(types)
