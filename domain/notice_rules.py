"""What a status change, an event or an assignment makes people know: notification requests. No I/O, no state."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.fleet_event import EventKind, FleetEvent
from domain.ids import derived_id, tenant_of
from domain.instants import SECOND, Micros, format_rfc3339
from domain.interests import entity_interest
from domain.notification import NoticeContent, NotificationRequest
from domain.notification_types import NotificationTypes
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange
from domain.templates import filled
from domain.wording import as_words

MAX_TITLE = 200
MAX_BODY = 1_000
"""Characters: what a phone shows is shorter."""

_TOLD_KINDS = frozenset(EventKind) - {EventKind.UNKNOWN}
_IN_WORDS = ("status", "event")
"""Fields that hold a name, which a person is told in words."""


class _Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules differ in."""

    type: str
    id: str
    fleet: str
    entity: str
    fields: dict[str, str]
    """For the type's templates; names as they are in `data`."""
    data: dict[str, Any]
    created_at: Micros
    accepted_at: Micros
    send_at: Micros | None = None
    collapse_key: str
    match_key: str | None = None
    match_version: int | None = None


def notices_of_status(change: StatusChange, types: NotificationTypes, now: Micros) -> list[NotificationRequest]:
    """One request to the followers of the entity. A later version corrects what an earlier one made."""
    kind, _, member = change.entity.partition("/")
    about = f"status/{change.fleet}/{change.entity}"
    notice = _Notice(
        type=f"{kind}_status",
        id=derived_id(f"{change.fleet}/{change.entity}/{change.id}", "notice"),
        fleet=change.fleet,
        entity=change.entity,
        fields={"id": member, "fleet": change.fleet, "status": change.status},
        data={"fleet": change.fleet, "entity": change.entity, "status": change.status, "version": change.version},
        created_at=change.time,
        accepted_at=change.received_at,
        collapse_key=about,
        match_key=about,
        match_version=change.version,
    )
    return _requests(notice, types, now)


def notices_of_event(event: FleetEvent, types: NotificationTypes, now: Micros) -> list[NotificationRequest]:
    """One request: to the followers of the order if it is about one, else to those of the asset."""
    if event.kind not in _TOLD_KINDS:
        return []
    about_order = event.order is not None
    member = event.order or event.asset
    fleet = (event.order_fleet or event.fleet) if about_order else event.fleet
    entity = f"{'order' if about_order else 'asset'}/{member}"
    place = event.geofence_name or event.geofence or ""
    data = {"fleet": fleet, "entity": entity, "event": str(event.kind), "time": format_rfc3339(event.time)}
    if event.geofence is not None:
        data["geofence"] = event.geofence
    notice = _Notice(
        type="order_event" if about_order else "asset_event",
        id=derived_id(event.id, "notice"),
        fleet=fleet,
        entity=entity,
        fields={"id": member, "fleet": fleet, "event": str(event.kind), "place": place},
        data=data,
        created_at=event.time,
        accepted_at=event.received_at,
        collapse_key=f"event/{fleet}/{entity}",
    )
    return _requests(notice, types, now)


def notices_of_assignment(record: ReferenceRecord, types: NotificationTypes, now: Micros) -> list[NotificationRequest]:
    """Two requests: to the followers of the order and to those of the asset; none for one that has ended.

    One that begins later is told when it begins. The same assignment told again makes the same ids.
    """
    assignment = record.assignment
    if assignment is None or (assignment.valid_to is not None and assignment.valid_to <= now):
        return []
    order_fleet = assignment.order_fleet or record.fleet
    if tenant_of(order_fleet) != tenant_of(record.fleet):
        return []
    order, asset = f"order/{assignment.order}", f"asset/{assignment.asset}"
    facts = f"{record.fleet}/{record.id}/{assignment.asset}/{order_fleet}/{assignment.order}/{assignment.valid_from}"
    about = f"assignment/{order_fleet}/{order}"
    data = {"fleet": order_fleet, "entity": order, "asset": assignment.asset}
    if order_fleet != record.fleet:
        data["asset_fleet"] = record.fleet
    return [
        request
        for fleet, entity, rule in ((order_fleet, order, "notice"), (record.fleet, asset, "notice.asset"))
        for request in _requests(
            _Notice(
                type="assignment",
                id=derived_id(facts, rule),
                fleet=fleet,
                entity=entity,
                fields={"id": assignment.order, "order": assignment.order, "asset": assignment.asset, "fleet": fleet},
                data=data,
                created_at=assignment.valid_from,
                accepted_at=record.updated_at,
                send_at=assignment.valid_from if assignment.valid_from > now else None,
                collapse_key=about,
                match_key=about,
                match_version=record.updated_at,
            ),
            types,
            now,
        )
    ]


def _requests(notice: _Notice, types: NotificationTypes, now: Micros) -> list[NotificationRequest]:
    """The request that tells it to the followers of the entity; none when nobody would be told it any more."""
    kind = types.of(notice.type)
    if kind is None:
        return []
    expires_at = notice.created_at + kind.ttl_seconds * SECOND
    if expires_at <= now:
        return []
    tenant, interest = entity_interest(notice.fleet, notice.entity)
    fields = _in_words(notice.fields, kind.words)
    return [
        NotificationRequest(
            id=notice.id,
            tenant=tenant,
            interest=interest,
            send_at=notice.send_at,
            content=NoticeContent(
                type=notice.type,
                title=filled(kind.title, fields, MAX_TITLE),
                body=filled(kind.body, fields, MAX_BODY),
                data=msgspec.json.encode(notice.data),
                priority=kind.priority,
                created_at=notice.created_at,
                accepted_at=notice.accepted_at,
                expires_at=expires_at,
                interest=interest,
                collapse_key=notice.collapse_key,
                match_key=notice.match_key,
                match_version=notice.match_version,
                about=f"{notice.fleet}/{notice.entity}",
            ),
        )
    ]


def _in_words(fields: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    said = {
        name: filled(words.get(fields[name]) or as_words(fields[name]), fields, MAX_BODY)
        for name in _IN_WORDS
        if name in fields
    }
    return {**fields, **said}
