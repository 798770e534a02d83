"""Protobuf to the values of commands. Source of the wire format: protobuf.dev/programming-guides/encoding.

Unknown fields are skipped, as the protocol's growth needs. Refused is what no client of the protocol sends: groups, a
field of a type that is not its own, a number beyond its type, and a message given twice, which would have to be merged.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from push_service.gateway.protocol.codec import MalformedFrameError
from push_service.gateway.protocol.protobuf.schema import Field, Kind, Message

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 32
_MAX_FIELDS = 8_192
"""Of all messages in a frame together. The smallest take two bytes, and each some microseconds of everybody's time."""
_MAX_TAG = (1 << 32) - 1
_RANGES = {
    Kind.BOOL: (0, 1 << 64),
    Kind.UINT32: (0, 1 << 32),
    Kind.UINT64: (0, 1 << 64),
    Kind.INT32: (-(1 << 31), 1 << 31),
    Kind.INT64: (-(1 << 63), 1 << 63),
}
_REPEATED = (Kind.STRINGS, Kind.MESSAGES)
_MAPS = (Kind.STRING_MAP, Kind.MESSAGE_MAP)

T = TypeVar("T", bound=msgspec.Struct)


class _Plan(NamedTuple):
    """A message's fields by their tags."""

    message: Message
    tags: Mapping[int, Field]
    numbers: frozenset[int]
    repeated: tuple[str, ...]


class ProtobufReader:
    """Reads messages of a schema. Raises MalformedFrameError, which repeats nothing of what was read."""

    def __init__(self, schema: Mapping[Message, tuple[Field, ...]]) -> None:
        self._plans = {message: _plan(message, fields) for message, fields in schema.items()}
        self._entries = {
            field: _entry_plan(field) for fields in schema.values() for field in fields if field.kind in _MAPS
        }
        self._left = 0

    def read(self, data: bytes, into: type[T]) -> T:
        """One message."""
        self._left = _MAX_FIELDS
        return self._top(data, 0, len(data), into)

    def read_delimited(self, frame: bytes, into: type[T], most: int) -> list[T]:
        """Messages that each have their length before them; one at least, and no more than `most`."""
        if not frame:
            raise MalformedFrameError("a frame without a message")
        self._left = _MAX_FIELDS
        messages: list[T] = []
        at, end = 0, len(frame)
        while at < end:
            if len(messages) == most:
                raise MalformedFrameError(f"more than {most} messages in a frame")
            size, at = read_varint(frame, at, end)
            if at + size > end:
                raise MalformedFrameError("a message is beyond the frame's end")
            messages.append(self._top(frame, at, at + size, into))
            at += size
        return messages

    def _top(self, data: bytes, start: int, end: int, into: type[T]) -> T:
        try:
            return into(**self._fields(data, start, end, self._plans[into], 0))
        except UnicodeDecodeError:
            raise MalformedFrameError("a string is not UTF-8") from None

    def _message(self, data: bytes, at: int, end: int, message: Message | None, depth: int) -> msgspec.Struct:
        assert message is not None
        return message(**self._fields(data, at, end, self._plans[message], depth + 1))

    def _fields(self, data: bytes, at: int, end: int, plan: _Plan, depth: int) -> dict[str, Any]:
        if depth > _MAX_DEPTH:
            raise MalformedFrameError("messages are nested too deep")
        values: dict[str, Any] = {}
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise MalformedFrameError(f"more than {_MAX_FIELDS} fields")
            tag, at = read_varint(data, at, end)
            field = plan.tags.get(tag)
            if field is None:
                at = _skipped(data, at, end, tag, plan)
                continue
            number, at = read_varint(data, at, end)
            if field.kind in _RANGES:
                values[field.name] = _number(number, field.kind)
                continue
            stop = at + number
            if stop > end:
                raise MalformedFrameError("a length is beyond the end")
            self._put(values, field, data, at, stop, depth)
            at = stop
        for name in plan.repeated:
            if name in values:
                values[name] = tuple(values[name])
        return values

    def _put(self, values: dict[str, Any], field: Field, data: bytes, at: int, stop: int, depth: int) -> None:
        """A field that has a length."""
        name, _, kind, message = field
        if kind is Kind.STRING:
            values[name] = data[at:stop].decode()
        elif kind is Kind.BYTES:
            values[name] = msgspec.Raw(data[at:stop])
        elif kind is Kind.MESSAGE:
            if name in values:
                raise MalformedFrameError("a message is given twice")
            values[name] = self._message(data, at, stop, message, depth)
        elif kind is Kind.STRINGS:
            values.setdefault(name, []).append(data[at:stop].decode())
        elif kind is Kind.MESSAGES:
            values.setdefault(name, []).append(self._message(data, at, stop, message, depth))
        else:
            entry = self._fields(data, at, stop, self._entries[field], depth + 1)
            value = entry.get("value", "" if message is None else None)
            values.setdefault(name, {})[entry.get("key", "")] = message() if value is None and message else value


def read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number at `at`, and where it ends. Raises MalformedFrameError over 64 bits, or when it does not end."""
    if at < end and data[at] < 0x80:
        return data[at], at + 1
    number = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >> 64:
                break
            return number, at
        shift += 7
    raise MalformedFrameError("a number does not end, or is over 64 bits")


def _skipped(data: bytes, at: int, end: int, tag: int, plan: _Plan) -> int:
    """Where an unknown field ends."""
    number, wire_type = tag >> 3, tag & 7
    if tag > _MAX_TAG or number == 0 or number in plan.numbers:
        raise MalformedFrameError("a field that cannot be")
    if wire_type == VARINT:
        return read_varint(data, at, end)[1]
    if wire_type == FIXED64:
        at += 8
    elif wire_type == FIXED32:
        at += 4
    elif wire_type == LENGTH:
        size, at = read_varint(data, at, end)
        at += size
    else:
        raise MalformedFrameError("a type that is not spoken")
    if at > end:
        raise MalformedFrameError("a field is beyond the end")
    return at


def _number(number: int, kind: Kind) -> int | bool:
    if kind is Kind.BOOL:
        return number != 0
    if kind in (Kind.INT32, Kind.INT64) and number >> 63:
        number -= 1 << 64
    low, high = _RANGES[kind]
    if not low <= number < high:
        raise MalformedFrameError("a number is beyond its type")
    return number


def tag_of(field: Field) -> int:
    """What a field begins with."""
    return field.number << 3 | (VARINT if field.kind in _RANGES else LENGTH)


def _plan(message: Message, fields: tuple[Field, ...]) -> _Plan:
    return _Plan(
        message,
        {tag_of(field): field for field in fields},
        frozenset(field.number for field in fields),
        tuple(field.name for field in fields if field.kind in _REPEATED),
    )


_KEY = Field("key", 1, Kind.STRING)


def _entry_plan(field: Field) -> _Plan:
    """Of one entry of a map, which is a message of a key and a value."""
    value = Field("value", 2, Kind.STRING if field.message is None else Kind.MESSAGE, field.message)
    return _plan(msgspec.Struct, (_KEY, value))
