"""Status changes: what they look like in JSON, and how one becomes a record."""

from typing import Any

from access.grants import may_speak_for
from access.problems import ASSET_NOT_BOUND
from backbone.topics import STATUS_CHANGES
from domain.ids import event_id
from domain.instants import Micros
from domain.status_change import StatusChange
from ingest.admission import Caller
from ingest.event_times import EventTimes
from ingest.field_checks import SAFE_INTEGER_MAX, attributes, entity, ident, instant
from ingest.intake import Taken
from ingest.schemas import ATTRIBUTES, ENTITY, ID, TIME, VERSION
from runtime.http.faults import fault
from runtime.http.shape import Field, Shape
from runtime.http.value_checks import whole_number
from storage.credentials import CredentialKind

STATUS_CHANGE = Shape(
    "StatusChange",
    "A change of the status of an order or an asset.",
    Field("entity", entity, ENTITY, "What changed: order/A-1001 or asset/truck-7.", required=True),
    Field("status", ident, ID, "The new status, such as out_for_delivery.", required=True),
    Field("time", instant, TIME, "When it changed.", required=True),
    Field("id", ident, ID, "The event's own id, for retries. Without one it is made of the other fields."),
    Field(
        "version",
        whole_number(0, SAFE_INTEGER_MAX),
        VERSION,
        "Orders the statuses of the entity: a lower one never replaces a higher. Without it, the time does. "
        "Give it always or never for one entity.",
    ),
    Field("attributes", attributes, ATTRIBUTES, "Flat facts of your own."),
)


class StatusIntake:
    """Reads status changes."""

    topic = STATUS_CHANGES
    event_type = "fleetcast.status-change"

    def __init__(self, times: EventTimes) -> None:
        self._times = times

    def read(self, item: Any, caller: Caller, received_at: Micros) -> Taken:
        fields = STATUS_CHANGE.read(item)
        self._times.check(fields, received_at)
        kind, _, name = fields["entity"].partition("/")
        if caller.credential.kind is CredentialKind.DEVICE and kind != "asset":
            raise fault(ASSET_NOT_BOUND, "a device tells the status of its own assets only", "/entity")
        if not may_speak_for(caller.credential, name):
            raise fault(ASSET_NOT_BOUND, "the credential is not bound to this asset", "/entity")
        version = fields.get("version", fields["time"])
        own_id = event_id(caller.fleet, fields["entity"], fields["status"], version, fields["time"])
        return Taken(
            StatusChange(
                id=fields.get("id") or own_id,
                fleet=caller.fleet,
                entity=fields["entity"],
                status=fields["status"],
                time=fields["time"],
                received_at=received_at,
                version=version,
                credential=caller.credential.id,
                attributes=fields.get("attributes", {}),
            )
        )
