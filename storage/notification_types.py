"""The notification types of a deployment: those that every one has, and its own over them."""

from pathlib import Path

from pydantic import Field, field_validator

from domain import notification_types
from domain.notification_types import NotificationTypes, read_notification_types
from runtime.settings import Section

BUILT_IN = Path(notification_types.__file__).with_suffix(".json")


class NotificationsSettings(Section, section="NOTIFICATIONS"):
    """The types of notifications. All processes of a deployment are to have the same."""

    types: str = Field(
        default="{}",
        description="JSON, usually given as a file: more notification types, or other ones in place of the built-in "
        'ones (domain/notification_types.json), such as {"shift": {"title": "Your shift", "ttl_seconds": 3600}}. '
        'With "words" a type says how a status or an event is told: {"order_status": {"title": "Order {id}", '
        '"body": "{status}", "words": {"delivered": "At your door"}}}.',
    )

    @field_validator("types")
    @classmethod
    def _are_types(cls, types: str) -> str:
        read_notification_types(types.encode())
        return types

    def load(self) -> NotificationTypes:
        """The built-in types, and what is set over them."""
        return read_notification_types(BUILT_IN.read_bytes(), self.types.encode())
