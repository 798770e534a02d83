"""Pings: what they look like in JSON, and how one becomes a record."""

from typing import Any

from access.grants import may_speak_for
from access.problems import ASSET_NOT_BOUND
from backbone.topics import PINGS
from domain.ids import event_id, tenant_of
from domain.instants import Micros
from domain.last_position import NEVER_SEEN
from domain.ping import GpsPing
from domain.quality_limits import QualityLimits
from domain.quality_rules import flags_of
from ingest.admission import Caller
from ingest.event_times import EventTimes
from ingest.field_checks import attributes, ident, instant
from ingest.intake import Taken
from ingest.schemas import ATTRIBUTES, ID, TIME, number_schema
from runtime.http.faults import fault
from runtime.http.shape import Field, Shape
from runtime.http.value_checks import number

PING = Shape(
    "Ping",
    "One fix of one asset.",
    Field("asset", ident, ID, "The asset that moved. It needs no registration.", required=True),
    Field("time", instant, TIME, "When the device measured it.", required=True),
    Field("lat", number(-90, 90), number_schema(-90, 90), "Latitude, WGS 84 degrees.", required=True),
    Field("lon", number(-180, 180), number_schema(-180, 180), "Longitude, WGS 84 degrees.", required=True),
    Field("id", ident, ID, "The event's own id, for retries. Without one it is made of the other fields."),
    Field("speed", number(0, 1_000), number_schema(0, 1_000), "Metres per second."),
    Field(
        "heading",
        number(0, 360, below=True),
        {"type": "number", "minimum": 0, "exclusiveMaximum": 360},
        "Degrees clockwise from north.",
    ),
    Field("altitude", number(-20_000, 1_000_000), number_schema(-20_000, 1_000_000), "Metres."),
    Field("accuracy", number(0, 10_000_000), number_schema(0, 10_000_000), "Radius in metres."),
    Field("battery", number(0, 1), number_schema(0, 1), "Charge, 0 to 1."),
    Field("attributes", attributes, ATTRIBUTES, "Flat facts of your own."),
)
_LIMITS = QualityLimits()


class PingIntake:
    """Reads pings."""

    topic = PINGS
    event_type = "fleetcast.ping"

    def __init__(self, times: EventTimes) -> None:
        self._times = times

    def read(self, item: Any, caller: Caller, received_at: Micros) -> Taken:
        fields = PING.read(item)
        self._times.check(fields, received_at)
        if not may_speak_for(caller.credential, fields["asset"]):
            raise fault(ASSET_NOT_BOUND, "the credential is not bound to this asset", "/asset")
        fields["lat"] += 0.0  # -0.0 becomes 0.0: the same place has one way to be written, and so one id
        fields["lon"] += 0.0
        fields.setdefault("id", None)
        ping = GpsPing(
            id=fields.pop("id") or _id(fields, caller),
            fleet=caller.fleet,
            device=caller.device,
            received_at=received_at,
            **fields,
        )
        # What enrich will say too; there it also knows what came before.
        return Taken(ping, flags_of(ping, NEVER_SEEN, _LIMITS, None))


def _id(fields: dict[str, Any], caller: Caller) -> str:
    """The same for the same fix, so that a client that never heard our answer may send it again."""
    fleet = caller.fleet
    return event_id(
        tenant_of(fleet), fleet, fields["asset"], caller.device, fields["time"], fields["lat"], fields["lon"]
    )
