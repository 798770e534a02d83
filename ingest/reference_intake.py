"""Reference data: what each kind looks like in JSON, and how an entry becomes a record."""

from typing import Any

from domain.ids import tenant_of
from domain.instants import Micros
from domain.reference import Asset, Assignment, Geofence, Order, Point, ReferenceKind, ReferenceRecord, Watcher
from ingest.admission import Caller
from ingest.field_checks import attributes, entity, ident, instant, text
from ingest.schemas import ATTRIBUTES, ENTITY, ID, TEXT, TIME, number_schema
from runtime.http.faults import fault
from runtime.http.json_problems import BAD_SHAPE
from runtime.http.shape import Field, Shape, list_of
from runtime.http.value_checks import number

MAX_RING = 1_000

POINT = Shape(
    "Point",
    "WGS 84 degrees.",
    Field("lat", number(-90, 90), number_schema(-90, 90), "Latitude.", required=True),
    Field("lon", number(-180, 180), number_schema(-180, 180), "Longitude.", required=True),
)
_POINT = POINT.schema()
ASSET = Shape(
    "Asset",
    "Something that moves.",
    Field("name", text, TEXT, "What people call it."),
    Field("type", text, TEXT, "Such as van, truck, ship."),
    Field("max_speed", number(0.1, 1_000), number_schema(0.1, 1_000), "Metres per second; a jump above is impossible."),
    Field("attributes", attributes, ATTRIBUTES, "Flat facts of your own."),
)
ORDER = Shape(
    "Order",
    "Something that is delivered.",
    Field("title", text, TEXT, "What people call it."),
    Field("destination", POINT.read, _POINT, "Where it goes."),
    Field("promised_at", instant, TIME, "When it was promised."),
    Field("attributes", attributes, ATTRIBUTES, "Flat facts of your own."),
)
ASSIGNMENT = Shape(
    "Assignment",
    "That an asset of the fleet carries an order for a time.",
    Field("asset", ident, ID, "The asset.", required=True),
    Field("order", ident, ID, "The order.", required=True),
    Field("valid_from", instant, TIME, "From this instant.", required=True),
    Field("valid_to", instant, TIME, "Until before this instant; without it, until further notice."),
    Field("order_fleet", ident, ID, "The order's fleet when it is another fleet of the tenant."),
)
WATCHER = Shape(
    "Watcher",
    "That a user is concerned with an order or an asset.",
    Field("user", ident, ID, "The user.", required=True),
    Field("entity", entity, ENTITY, "order/A-1001 or asset/truck-7.", required=True),
)
GEOFENCE = Shape(
    "Geofence",
    "An area: either a ring of at least three points, or a circle.",
    Field("name", text, TEXT, "What people call it."),
    Field(
        "ring",
        list_of(POINT, MAX_RING),
        {"type": "array", "items": _POINT, "minItems": 3, "maxItems": MAX_RING},
        "The corners.",
    ),
    Field("center", POINT.read, _POINT, "The center of a circle."),
    Field("radius", number(1, 1_000_000), number_schema(1, 1_000_000), "The radius of a circle in metres."),
)
SHAPES: dict[ReferenceKind, Shape] = {
    ReferenceKind.ASSET: ASSET,
    ReferenceKind.ORDER: ORDER,
    ReferenceKind.ASSIGNMENT: ASSIGNMENT,
    ReferenceKind.WATCHER: WATCHER,
    ReferenceKind.GEOFENCE: GEOFENCE,
}


def read_reference(
    kind: ReferenceKind, entry_id: str, value: Any, caller: Caller, received_at: Micros
) -> ReferenceRecord:
    """The entry as a record. Raises Faults."""
    fields = SHAPES[kind].read(value)
    match kind:
        case ReferenceKind.ASSET:
            entry: dict[str, Any] = {"asset": Asset(**fields)}
        case ReferenceKind.ORDER:
            entry = {"order": Order(**_with_point(fields, "destination"))}
        case ReferenceKind.ASSIGNMENT:
            entry = {"assignment": _assignment(fields, caller.fleet)}
        case ReferenceKind.WATCHER:
            entry = {"watcher": Watcher(**fields)}
        case ReferenceKind.GEOFENCE:
            entry = {"geofence": _geofence(fields)}
        case ReferenceKind.UNKNOWN:
            raise AssertionError("no shape has this kind")
    return ReferenceRecord(kind=kind, fleet=caller.fleet, id=entry_id, updated_at=received_at, **entry)


def _assignment(fields: dict[str, Any], fleet: str) -> Assignment:
    valid_to = fields.get("valid_to")
    if valid_to is not None and valid_to <= fields["valid_from"]:
        raise fault(BAD_SHAPE, "valid_to must be after valid_from", "/valid_to")
    order_fleet = fields.get("order_fleet")
    if order_fleet is not None and tenant_of(order_fleet) != tenant_of(fleet):
        raise fault(BAD_SHAPE, "order_fleet must be a fleet of the same tenant", "/order_fleet")
    return Assignment(**fields)


def _geofence(fields: dict[str, Any]) -> Geofence:
    circle = "center" in fields or "radius" in fields
    if circle == ("ring" in fields):
        raise fault(BAD_SHAPE, "a geofence is either a ring, or a circle with center and radius")
    if circle and not ("center" in fields and "radius" in fields):
        raise fault(BAD_SHAPE, "a circle has both center and radius")
    if not circle and len(fields["ring"]) < 3:
        raise fault(BAD_SHAPE, "a ring has at least three points", "/ring")
    fields["ring"] = [Point(**each) for each in fields.get("ring", ())]
    return Geofence(**_with_point(fields, "center"))


def _with_point(fields: dict[str, Any], name: str) -> dict[str, Any]:
    if name in fields:
        fields[name] = Point(**fields[name])
    return fields
