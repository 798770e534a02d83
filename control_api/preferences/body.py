"""What preferences look like in JSON."""

from typing import Any

import msgspec

from control_api.problems import BAD_PREFERENCES
from domain.notification_types import NotificationTypes
from domain.preferences import HOUR_RULE, Preferences, PreferencesError, read_preferences
from runtime.http.faults import Fault, Faults, escaped, fault

_CHANNELS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "live": {"type": "boolean", "default": True, "description": "Shown on open sockets at once."},
        "push": {"type": "boolean", "default": True, "description": "Sent to phones when nobody acknowledged."},
    },
}
_HOUR = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": HOUR_RULE}


class PreferencesBody:
    """The rules are those of `domain/preferences.py`; types must be ones that the deployment has."""

    name = "Preferences"

    def __init__(self, types: NotificationTypes) -> None:
        self._types = types

    def read(self, value: Any) -> Preferences:
        """Raises Faults."""
        if type(value) is not dict:
            raise fault(BAD_PREFERENCES, "expected an object")
        try:
            preferences = read_preferences(msgspec.json.encode(value))
        except PreferencesError as error:
            raise fault(BAD_PREFERENCES, error.detail, error.path) from None
        except UnicodeEncodeError:
            raise fault(BAD_PREFERENCES, "a text has half of a surrogate pair") from None
        unknown = [each for each in preferences.types if each not in self._types]
        if unknown:
            detail = f"no notification type; there are {', '.join(self._types.names())}"
            raise Faults(Fault(BAD_PREFERENCES, detail, f"/types/{escaped(each)}") for each in unknown)
        return preferences

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {
            "type": "object",
            "description": "How the user wants to be told. The inbox keeps everything, whatever is switched off.",
            "additionalProperties": False,
            "properties": {
                "all": {**_CHANNELS, "description": "For every type: what is off here is off."},
                "types": {
                    "type": "object",
                    "additionalProperties": _CHANNELS,
                    "propertyNames": {"enum": self._types.names()},
                    "description": "For a type, by its name.",
                },
                "quiet_hours": {
                    "type": ["object", "null"],
                    "additionalProperties": False,
                    "required": ["start", "end"],
                    "description": "Every day from start until end, over midnight when the end is the earlier one.",
                    "properties": {
                        "start": _HOUR,
                        "end": _HOUR,
                        "zone": {"type": "string", "default": "UTC", "description": "Of the IANA database."},
                    },
                },
            },
        }
