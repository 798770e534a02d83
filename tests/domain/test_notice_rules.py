"""Which requests a status change, an event and an assignment make."""

import msgspec
import pytest

from domain.fleet_event import EventKind, FleetEvent
from domain.instants import DAY, HOUR, MINUTE, SECOND
from domain.notice_rules import MAX_TITLE, notices_of_assignment, notices_of_event, notices_of_status
from domain.notification import NotificationRequest
from domain.notification_types import NotificationTypes, read_notification_types
from domain.reference import Assignment, ReferenceKind, ReferenceRecord
from domain.source_position import SourcePosition
from domain.status_change import StatusChange
from domain.templates import filled
from storage.notification_types import NotificationsSettings
from tests.domain.fixes import NOON

TYPES = NotificationsSettings().load()
PING = SourcePosition("fleet.pings.v1", "t", 0, 7)


def change(entity: str = "order/A-1001", version: int = 3, fleet: str = "acme") -> StatusChange:
    return StatusChange(f"c{version}", fleet, entity, "loaded", NOON, NOON + SECOND, version, None)


def event(kind: EventKind = EventKind.ENTERED, order: str | None = None) -> FleetEvent:
    return FleetEvent(
        id="e1",
        fleet="acme",
        asset="van-1",
        kind=kind,
        time=NOON,
        received_at=NOON + SECOND,
        lat=53.0,
        lon=-2.9,
        geofence="depot" if kind in (EventKind.ENTERED, EventKind.LEFT) else None,
        geofence_name="the depot",
        order_fleet=None if order is None else "acme.eu",
        order=order,
        source=PING,
    )


def assignment(
    valid_from: int = NOON, valid_to: int | None = None, updated_at: int = NOON, order_fleet: str | None = None
) -> ReferenceRecord:
    assigned = Assignment("van-1", "A-1", valid_from, valid_to, order_fleet)
    return ReferenceRecord(ReferenceKind.ASSIGNMENT, "acme", "s1", updated_at, assignment=assigned)


def told(request: NotificationRequest) -> tuple[str, str | None, str, str, str]:
    return request.tenant, request.interest, request.content.type, request.content.title, request.content.body


def test_a_status_change_is_told_to_those_who_follow_the_entity() -> None:
    (request,) = notices_of_status(change(), TYPES, NOON)
    assert told(request) == ("acme", "order/acme/A-1001", "order_status", "Order A-1001", "Loaded")
    content = request.content
    assert (content.created_at, content.accepted_at, content.expires_at) == (NOON, NOON + SECOND, NOON + DAY)
    assert (content.about, content.interest, content.priority) == ("acme/order/A-1001", request.interest, "high")
    assert msgspec.json.decode(content.data or b"") == {
        "fleet": "acme",
        "entity": "order/A-1001",
        "status": "loaded",
        "version": 3,
    }


def test_a_later_status_corrects_an_earlier_one_and_a_replay_makes_the_same_request() -> None:
    (first,), (again,), (later,) = (notices_of_status(change(version=n), TYPES, NOON) for n in (3, 3, 4))
    assert first == again
    assert first.id != later.id
    assert first.content.match_key == later.content.match_key == "status/acme/order/A-1001"
    assert (first.content.match_version, later.content.match_version) == (3, 4)
    assert first.content.collapse_key == later.content.collapse_key


def test_an_asset_of_a_part_of_a_fleet_belongs_to_the_tenant() -> None:
    (request,) = notices_of_status(change("asset/van-1", fleet="acme.eu"), TYPES, NOON)
    assert told(request) == ("acme", "asset/acme.eu/van-1", "asset_status", "van-1", "Loaded")


def test_what_has_expired_makes_no_request() -> None:
    assert notices_of_status(change(), TYPES, NOON + DAY) == []
    assert len(notices_of_status(change(), TYPES, NOON + DAY - 1)) == 1


def test_a_deployment_gives_the_texts_and_the_time_to_live() -> None:
    own = b'{"order_status": {"title": "{id} in {fleet}: {status} {what}", "ttl_seconds": 60, "priority": "normal"}}'
    (request,) = notices_of_status(change(), read_notification_types(own), NOON)
    content = request.content
    assert (content.title, content.body) == ("A-1001 in acme: Loaded {what}", "")
    assert (content.expires_at, content.priority) == (NOON + MINUTE, "normal")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("out_for_delivery", "Out for delivery"),
        ("OUT_FOR_DELIVERY", "Out for delivery"),
        ("held-at-customs", "Held at customs"),
        ("delivered", "Delivered"),
        ("ETA", "ETA"),
        ("_", "_"),
    ],
)
def test_a_person_reads_a_status_in_words_and_an_app_reads_its_name(status: str, said: str) -> None:
    (request,) = notices_of_status(msgspec.structs.replace(change(), status=status), TYPES, NOON)
    assert request.content.body == said
    assert msgspec.json.decode(request.content.data or b"")["status"] == status


def test_a_deployment_says_how_a_status_and_an_event_are_told() -> None:
    own = read_notification_types(
        b'{"order_status": {"title": "{id}", "body": "{status}", "words": {"loaded": "{id} is on its way"}},'
        b' "asset_event": {"title": "{event}", "words": {"entered": "{id} has come to {place}"}}}'
    )
    (request,) = notices_of_status(change(), own, NOON)
    assert request.content.body == "A-1001 is on its way"
    (request,) = notices_of_event(event(), own, NOON)
    assert request.content.title == "van-1 has come to the depot"


def test_braces_in_what_a_back_end_names_are_no_fields() -> None:
    named = msgspec.structs.replace(event(), geofence_name="{id} {event}")
    (request,) = notices_of_event(named, TYPES, NOON)
    assert request.content.body == "Arrived at {id} {event}"


def test_a_type_that_a_deployment_does_not_have_makes_no_request() -> None:
    assert notices_of_status(change(), NotificationTypes({}), NOON) == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (EventKind.ENTERED, "Arrived at the depot"),
        (EventKind.LEFT, "Left the depot"),
        (EventKind.STOPPED, "Standing still"),
        (EventKind.MOVING, "On the move again"),
    ],
)
def test_an_event_is_told_to_those_who_follow_the_asset(kind: EventKind, said: str) -> None:
    (request,) = notices_of_event(event(kind), TYPES, NOON)
    assert told(request) == ("acme", "asset/acme/van-1", "asset_event", "van-1", said)
    assert request.content.expires_at == NOON + 6 * HOUR
    assert request.content.match_key is None


def test_a_late_order_is_told_to_those_who_follow_it_and_they_learn_no_asset() -> None:
    (request,) = notices_of_event(event(EventKind.LATE, order="A-1"), TYPES, NOON)
    assert told(request) == ("acme", "order/acme.eu/A-1", "order_event", "Order A-1", "Running late")
    assert b"van-1" not in msgspec.json.encode(request)


def test_a_kind_of_event_that_is_not_known_is_passed_over() -> None:
    assert notices_of_event(event(EventKind.UNKNOWN), TYPES, NOON) == []


def test_an_assignment_is_told_to_those_who_follow_the_order_and_the_asset() -> None:
    order, asset = notices_of_assignment(assignment(order_fleet="acme.eu"), TYPES, NOON)
    assert told(order) == ("acme", "order/acme.eu/A-1", "assignment", "Order A-1", "Assigned to van-1")
    assert told(asset)[:2] == ("acme", "asset/acme/van-1")
    assert order.id != asset.id
    assert order.send_at is None


def test_the_same_assignment_told_again_has_the_same_ids() -> None:
    once, again = (notices_of_assignment(assignment(updated_at=NOON + n), TYPES, NOON + n) for n in (0, 5))
    assert [request.id for request in once] == [request.id for request in again]
    moved = notices_of_assignment(assignment(valid_from=NOON + 1), TYPES, NOON + 1)
    assert {request.id for request in once}.isdisjoint(request.id for request in moved)


def test_an_assignment_that_ended_or_began_long_ago_is_not_told() -> None:
    assert notices_of_assignment(assignment(valid_to=NOON), TYPES, NOON) == []
    assert notices_of_assignment(assignment(valid_from=NOON - DAY), TYPES, NOON) == []


def test_an_assignment_that_begins_later_is_told_then() -> None:
    requests = notices_of_assignment(assignment(valid_from=NOON + HOUR), TYPES, NOON)
    assert [request.send_at for request in requests] == [NOON + HOUR] * 2
    assert requests[0].content.expires_at == NOON + HOUR + DAY


def test_an_assignment_of_another_tenants_order_is_told_to_nobody() -> None:
    assert notices_of_assignment(assignment(order_fleet="other"), TYPES, NOON) == []


def test_a_text_that_is_too_long_is_cut_visibly() -> None:
    text = filled("{id}", {"id": "x" * 300}, MAX_TITLE)
    assert len(text) == MAX_TITLE
    assert text.endswith("x…")
