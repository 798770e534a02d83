"""The routes of the inbox."""

from access.problems import BAD_ID
from control_api.inbox.bodies import Selection, acknowledgement
from control_api.inbox.changes import InboxChanges
from control_api.inbox.cursor import read_cursor
from control_api.inbox.items import ITEM_SCHEMA
from control_api.inbox.reading import InboxReading
from control_api.params import limit_param, truth, whole
from control_api.problems import NOT_TOLD
from control_api.route import Answer, Door, Param, Route, Schema
from control_api.settings import ControlSettings

_COUNT: Schema = {
    "unread": {"type": "integer", "description": "How many are unread."},
    "more": {"type": "boolean", "description": "There are more unread than were counted."},
}
_PAGE: Schema = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": ITEM_SCHEMA},
        "next": {"type": ["string", "null"], "description": "The `cursor` of the next page; null: this is the last."},
        "latest": {"type": "integer", "description": "The highest `seq` there is: ask later for what is since then."},
        **_COUNT,
    },
}
_CHANGED: Schema = {
    "type": "object",
    "properties": {
        "changed": {"type": "integer", "description": "How many were marked by this request."},
        "left": {"type": "boolean", "description": "More are left than one request marks: send it again."},
        **_COUNT,
    },
}
_ACKED: Schema = {
    "type": "object",
    "properties": {"acked": {"type": "array", "items": {"type": "string"}, "description": "Those that there are."}},
}
_SINCE = (
    "In their order, those that came after this `seq`: what was missed. What was corrected is there once, corrected."
)


def inbox_routes(door: Door, reading: InboxReading, changes: InboxChanges, settings: ControlSettings) -> list[Route]:
    """All of them."""
    selection, told = Selection(settings), (NOT_TOLD, BAD_ID)
    counted: Schema = {"type": "object", "properties": _COUNT}
    return [
        Route(
            "GET",
            "/v1/inbox",
            "listInbox",
            "What the user was told",
            reading.list,
            door,
            (Answer(200, "A page", _PAGE),),
            doc="The newest first, without what was archived or corrected.",
            query=(
                Param("cursor", read_cursor, {"type": "string"}, "`next` of the page before."),
                limit_param(settings.page_items),
                Param("unread", truth, {"type": "boolean"}, "Only what is unread."),
                Param("since", whole(0, 2**63 - 1), {"type": "integer", "minimum": 0}, _SINCE),
            ),
        ),
        Route(
            "GET",
            "/v1/inbox/unread",
            "countUnread",
            "How many are unread",
            reading.unread,
            door,
            (Answer(200, "The count", counted),),
        ),
        Route(
            "POST",
            "/v1/inbox/read",
            "markRead",
            "Mark notifications as read",
            changes.read,
            door,
            (Answer(200, "Marked, and told to the user's other devices", _CHANGED),),
            doc="What is read is acknowledged too: a push that is still open is not made.",
            body=selection,
            problems=told,
        ),
        Route(
            "POST",
            "/v1/inbox/archive",
            "archive",
            "Put notifications away",
            changes.archive,
            door,
            (Answer(200, "Put away, and told to the user's other devices", _CHANGED),),
            body=selection,
            problems=told,
        ),
        Route(
            "POST",
            "/v1/inbox/ack",
            "acknowledge",
            "Acknowledge notifications",
            changes.ack,
            door,
            (Answer(200, "Acknowledged: what is still open of their pushes is not made", _ACKED),),
            doc="For apps that a push woke. With a connection to the gateway, its rpc method `ack` does the same.",
            body=acknowledgement(settings),
            problems=told,
        ),
    ]
