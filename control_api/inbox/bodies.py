"""What a change of the inbox looks like in JSON."""

from typing import Any

from control_api.checks import identifier
from control_api.params import ID_SCHEMA
from control_api.settings import ControlSettings
from domain.ids import ID_RULE
from runtime.http.faults import fault
from runtime.http.json_problems import BAD_SHAPE
from runtime.http.shape import Field, Shape
from runtime.http.value_checks import boolean, list_of_values, whole_number

_SEQ_MAX = 2**63 - 1


class Selection(Shape):
    """Which notifications: exactly one of three ways to say it."""

    def __init__(self, settings: ControlSettings) -> None:
        super().__init__(
            "Selection",
            "Which notifications: those of `ids`, those with a `seq` up to `up_to`, or all there are. Exactly one.",
            _ids(settings, required=False),
            Field(
                "up_to", whole_number(0, _SEQ_MAX), {"type": "integer", "minimum": 0}, "Up to this place in the inbox."
            ),
            Field("all", boolean, {"type": "boolean"}, "Must be true: all that are there now."),
        )

    def read(self, value: Any) -> dict[str, Any]:
        """See Shape."""
        fields = super().read(value)
        if len(fields) != 1:
            raise fault(BAD_SHAPE, "say exactly one of ids, up_to and all")
        if fields.get("all") is False:
            raise fault(BAD_SHAPE, "all is true, or is left out", "/all")
        return fields


def acknowledgement(settings: ControlSettings) -> Shape:
    """What an app says that was woken by a push."""
    return Shape(
        "Acknowledgement",
        "What has reached the app.",
        _ids(settings, required=True),
        Field("installation", identifier, ID_SCHEMA, f"The installation that says it. {ID_RULE}."),
    )


def _ids(settings: ControlSettings, *, required: bool) -> Field:
    most = settings.changed_ids
    schema = {"type": "array", "items": ID_SCHEMA, "maxItems": most}
    return Field("ids", list_of_values(identifier, most), schema, "Ids of notifications.", required=required)
