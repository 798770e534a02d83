"""Notifications: what they look like in JSON, and how one becomes a request to tell it."""

from typing import Any

from access.grants import may_tell_fleet
from access.problems import FLEET_NOT_ALLOWED
from backbone.topics import NOTIFICATION_REQUESTS
from domain.ids import event_id
from domain.instants import DAY, SECOND, Micros, format_rfc3339
from domain.interests import interest_entity
from domain.notification import NoticeContent, NotificationRequest, Priority
from domain.notification_types import MAX_TTL_SECONDS, NotificationType, NotificationTypes
from ingest import notification_checks as checks
from ingest.admission import Caller
from ingest.event_times import EventTimes
from ingest.field_checks import SAFE_INTEGER_MAX, ident, instant
from ingest.intake import Taken
from ingest.problems import TIME_IN_FUTURE, UNKNOWN_TYPE
from ingest.schemas import ID, TIME, VERSION, Schema
from ingest.settings import IngestSettings
from runtime.http.faults import Fault, Faults
from runtime.http.json_problems import BAD_SHAPE, MISSING_FIELD
from runtime.http.shape import Field, Shape
from runtime.http.value_checks import whole_number

TO_WHOM = ("user", "users", "installation", "interest")
_IDENTITY = (*TO_WHOM, "type", "title", "body", "data", "match_key", "match_version", "send_at")


def notification_shape(settings: IngestSettings) -> Shape:
    """What a notification looks like, with the bounds that are set."""
    users: Schema = {"type": "array", "items": ID, "minItems": 1, "maxItems": settings.notification_users}
    key: Schema = {"type": "string", "minLength": 1, "maxLength": checks.MAX_KEY_BYTES}
    return Shape(
        "Notification",
        "Something that people are to know: to exactly one of user, users, installation and interest.",
        Field("type", ident, ID, "A notification type of the deployment, such as message or alert.", required=True),
        Field("user", ident, ID, "One user."),
        Field("users", checks.users(settings.notification_users), users, "Several users. More follow an interest."),
        Field("installation", ident, ID, "One installation of an app, whosever it is."),
        Field(
            "interest",
            checks.interest,
            {"type": "string", "pattern": "^[A-Za-z0-9._~/-]{1,250}$"},
            "All followers of an interest, such as order/acme/A-1001.",
        ),
        Field(
            "title",
            checks.title,
            {"type": "string", "minLength": 1, "maxLength": checks.MAX_TITLE_BYTES},
            "One line. Without it, that of the type; a type whose title has fields in braces needs it.",
        ),
        Field(
            "body",
            checks.body,
            {"type": "string", "maxLength": checks.MAX_BODY_BYTES},
            "The text. Without it, that of the type, if that has no fields in braces.",
        ),
        Field(
            "data",
            checks.data(settings.notification_data_bytes),
            {"type": "object"},
            f"For the app: any JSON object of up to {settings.notification_data_bytes} bytes.",
        ),
        Field(
            "id",
            ident,
            ID,
            "The notification's own id within the tenant: the same id again is the same notification, told once. "
            "Without it, it is made of the other fields and time; without id and time, every request is another one.",
        ),
        Field("time", instant, TIME, "When what it tells happened; without it, now."),
        Field("priority", checks.priority, {"type": "string", "enum": [*Priority]}, "Without it, that of the type."),
        Field(
            "ttl_seconds",
            whole_number(1, MAX_TTL_SECONDS),
            {"type": "integer", "minimum": 1, "maximum": MAX_TTL_SECONDS},
            "How long it may be pushed to phones, from send_at or now; without it, that of the type.",
        ),
        Field("collapse_key", checks.key, key, "Of those with the same key a phone shows the last."),
        Field(
            "match_key",
            checks.key,
            key,
            "What it tells about: a later match_version takes the place of what was shown. Both or none.",
        ),
        Field("match_version", whole_number(0, SAFE_INTEGER_MAX), VERSION, "Orders those of one match_key."),
        Field(
            "send_at", instant, TIME, f"Not before, up to {settings.notification_days} days ahead. The past means now."
        ),
    )


class NotificationIntake:
    """Reads notifications of back ends."""

    topic = NOTIFICATION_REQUESTS
    event_type = "fleetcast.notification-request"

    def __init__(self, settings: IngestSettings, times: EventTimes, types: NotificationTypes) -> None:
        self._shape = notification_shape(settings)
        self._times = times
        self._types = types
        self._ahead = settings.notification_days * DAY

    def read(self, item: Any, caller: Caller, received_at: Micros) -> Taken:
        fields, faults = self._shape.look(item)
        given = {name for name, value in item.items() if value is not None}
        faults += _of_recipients(fields, given, caller)
        faults += _of_match(given)
        faults += self._of_times(fields, received_at)
        kind = self._types.of(fields["type"]) if "type" in fields else None
        if kind is not None:
            if "title" not in given and "{" in kind.title:
                faults.append(Fault(MISSING_FIELD, "a notification of this type needs a title of its own", "/title"))
        elif "type" in fields:
            detail = f"there is no such type; there are {', '.join(self._types.names())}"
            faults.append(Fault(UNKNOWN_TYPE, detail, "/type"))
        if faults:
            raise Faults(faults)
        assert kind is not None
        return Taken(_request(fields, kind, caller, received_at))

    def _of_times(self, fields: dict[str, Any], received_at: Micros) -> list[Fault]:
        faults: list[Fault] = []
        latest = received_at + self._ahead
        if fields.get("send_at", 0) > latest:
            detail = f"send_at is too far ahead: at most {format_rfc3339(latest)} is taken now"
            faults.append(Fault(TIME_IN_FUTURE, detail, "/send_at"))
        if "time" in fields:
            try:
                self._times.check(fields, received_at)
            except Faults as wrong:
                faults += wrong.faults
        return faults


def _of_recipients(fields: dict[str, Any], given: set[str], caller: Caller) -> list[Fault]:
    """`given`: the names of all fields that are there, also of those whose values are wrong."""
    named = [each for each in TO_WHOM if each in given]
    if not named:
        return [Fault(MISSING_FIELD, f"one of {', '.join(TO_WHOM)} is required", "/user")]
    faults = [
        Fault(BAD_SHAPE, f"a notification goes to one of {', '.join(TO_WHOM)}; {named[0]} is given too", f"/{each}")
        for each in named[1:]
    ]
    entity = interest_entity(fields["interest"]) if "interest" in fields else None
    if entity is not None and not may_tell_fleet(caller.credential, entity[0]):
        faults.append(Fault(FLEET_NOT_ALLOWED, "the credential is not for the fleet of this interest", "/interest"))
    return faults


def _of_match(given: set[str]) -> list[Fault]:
    pair = ("match_key", "match_version")
    missing = [each for each in pair if each not in given]
    if len(missing) != 1:
        return []
    return [Fault(MISSING_FIELD, "match_key and match_version are given both or not at all", f"/{missing[0]}")]


def _request(
    fields: dict[str, Any], kind: NotificationType, caller: Caller, received_at: Micros
) -> NotificationRequest:
    send_at = fields.get("send_at")
    later = send_at if send_at is not None and send_at > received_at else None
    interest = fields.get("interest")
    entity = None if interest is None else interest_entity(interest)
    return NotificationRequest(
        id=fields.get("id") or _own_id(fields, caller, received_at),
        tenant=caller.tenant,
        users=fields["users"] if "users" in fields else [fields["user"]] if "user" in fields else [],
        installation=fields.get("installation"),
        interest=interest,
        send_at=later,
        credential=caller.credential.id,
        content=NoticeContent(
            type=fields["type"],
            title=fields.get("title", kind.title),
            body=fields.get("body", "" if "{" in kind.body else kind.body),
            data=fields.get("data"),
            priority=fields.get("priority", kind.priority),
            created_at=fields.get("time", received_at),
            accepted_at=received_at,
            expires_at=(later or received_at) + fields.get("ttl_seconds", kind.ttl_seconds) * SECOND,
            interest=interest,
            collapse_key=fields.get("collapse_key"),
            match_key=fields.get("match_key"),
            match_version=fields.get("match_version"),
            about=None if entity is None else "/".join(entity),
        ),
    )


def _own_id(fields: dict[str, Any], caller: Caller, received_at: Micros) -> str:
    """The same for the same words about the same time. Without a time, two requests with the same words are two
    notifications: a text that repeats ("your driver is here") must not get lost."""
    said = (repr(fields.get(each)) for each in _IDENTITY)
    return event_id("notification", caller.tenant, fields.get("time", received_at), *said)
