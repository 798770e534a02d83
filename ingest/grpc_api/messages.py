"""From the bytes of a `SendRequest` to the JSON object that it stands for: so both APIs have the same checks."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from backbone.topics import Topic
from domain.instants import SECOND, Micros, format_rfc3339
from domain.notification import Priority
from ingest.admission import Caller
from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.problems import MALFORMED_MESSAGE
from ingest.intake import Intake, Taken
from ingest.problems import BAD_PRIORITY, BAD_TIME
from runtime.http.faults import Fault, Faults, fault
from runtime.http.json_reader import read_json

_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
"""Seconds of the years 1 to 9999: what RFC 3339 and google.protobuf.Timestamp can say."""
_PRIORITIES = {pb.PRIORITY_NORMAL: Priority.NORMAL, pb.PRIORITY_HIGH: Priority.HIGH}


class MessageIntake:
    """Reads messages as `intake` reads JSON objects."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @property
    def topic(self) -> Topic:
        return self._intake.topic

    @property
    def event_type(self) -> str:
        return self._intake.event_type

    def read(self, item: bytes, caller: Caller, received_at: Micros) -> Taken:
        """Raises Faults, with all that is wrong: what JSON could not even say, and what it must not say."""
        found, faults = as_object(item)
        try:
            taken = self._intake.read(found, caller, received_at)
        except Faults as wrong:
            raise Faults(faults + wrong.faults) from None
        if faults:
            raise Faults(faults)
        return taken


def as_object(raw: bytes) -> tuple[dict[str, Any], list[Fault]]:
    """The fields that are there and can be said in JSON, and what is wrong with others; none of these is required.

    Raises Faults for bytes that are no message.
    """
    try:
        message = pb.SendRequest.FromString(raw)
    except DecodeError:
        raise fault(MALFORMED_MESSAGE, "the message is not a SendRequest") from None
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for field, value in message.ListFields():
        convert = _CONVERSIONS.get(field.name)
        try:
            found[field.name] = value if convert is None else convert(value)
        except Faults as wrong:
            faults += wrong.under(field.name)
    return found, faults


def _instant(value: Timestamp) -> str:
    if not (_EARLIEST <= value.seconds <= _LATEST and 0 <= value.nanos < 1_000_000_000):
        raise fault(BAD_TIME, "the timestamp is not of the years 1 to 9999, or its nanos are not 0 to 999999999")
    return format_rfc3339(value.seconds * SECOND + value.nanos // 1_000)


def _priority(value: int) -> str:
    known = _PRIORITIES.get(value)  # type: ignore[call-overload]
    if known is None:
        raise fault(BAD_PRIORITY, f"there is no priority {value}")
    return str(known)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "users": list,
    "data": read_json,
    "time": _instant,
    "send_at": _instant,
    "priority": _priority,
}
"""Of the fields whose values JSON has in another form."""
