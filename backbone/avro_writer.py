"""Writes Avro's binary form straight from domain structs, at a third of what a general library takes.

A writer is made once of a schema. It knows what our schemas use most: records, strings, bytes, numbers, booleans,
arrays, maps, and what may be null. For a schema with anything else there is none, and `codec.py` uses fastavro; both
are held to the same bytes by `tests/backbone/test_avro_writer.py`. Source: Apache Avro 1.12, "Binary encoding".
"""

import struct
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

from backbone.schema_files import Schema

Write = Callable[[Any], bytes]
"""Raises ValueError, TypeError, AttributeError, OverflowError or struct.error for a value that is not of the schema."""

_DOUBLE = struct.Struct("<d").pack
_GROUPS = 1 << 14
# A long is zigzag and then in groups of seven bits, the lowest first, each but the last with the high bit set. Here two
# groups at a time are looked up.
_LAST = [bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7]) for n in range(_GROUPS)]
_MORE = [bytes([n & 127 | 128, n >> 7 | 128]) for n in range(_GROUPS)]
_MASK = _GROUPS - 1


class _NotKnown(Exception):
    """The schema has something that is not written here."""


def avro_writer(schema: Schema) -> Write | None:
    """A writer of values of this schema, without logical types; None: none is made for it."""
    try:
        return _writer(schema, {})
    except _NotKnown:
        return None


def _writer(schema: Schema, named: dict[str, Write]) -> Write:
    if isinstance(schema, list):
        return _optional(schema, named)
    if isinstance(schema, str):
        known = _PRIMITIVES.get(schema) or named.get(schema)
        if known is None:
            raise _NotKnown
        return known
    kind = schema["type"]
    if kind == "record":
        return _record(schema, named)
    if kind == "array":
        return _array(_writer(schema["items"], named))
    if kind == "map":
        return _map(_writer(schema["values"], named))
    return _writer(kind, named)


def _record(schema: dict[str, Any], named: dict[str, Write]) -> Write:
    """A function of one expression, compiled as `dataclasses` compiles methods: a loop over fields costs half more, and
    a call for each text a third.
    """
    types = {field["name"]: field["type"] for field in schema["fields"]}
    if not all(name.isidentifier() and not iskeyword(name) for name in types):
        raise _NotKnown
    writers: dict[str, Any] = {f"write_{name}": _writer(kind, named) for name, kind in types.items()}
    fields = ", ".join(_field(name, writers[f"write_{name}"]) for name in types)
    names = {"join": b"".join, "size_of": _SIZES, "some_of": _SOME, **writers}
    write: Write = eval(f"lambda value: join(({fields},))", names)  # noqa: S307 made of the names of fields alone
    named[schema["name"].rpartition(".")[2]] = write
    named[schema["name"]] = write
    return write


def _field(name: str, write: Write) -> str:
    """What makes the bytes of a field. Texts are most of them, and are written on the spot."""
    if write is _string:
        return f"size_of[len(raw := value.{name}.encode())], raw"
    if write is _optional_string:
        return f'b"\\0" if (raw := value.{name}) is None else some_of[len(raw := raw.encode())] + raw'
    return f"write_{name}(value.{name})"


def _optional(union: list[Any], named: dict[str, Write]) -> Write:
    if len(union) != 2 or union[0] != "null":
        raise _NotKnown
    write_some = _writer(union[1], named)
    if write_some is _string:
        return _optional_string

    def write(value: Any) -> bytes:
        return b"\0" if value is None else b"\2" + write_some(value)

    return write


def _array(write_item: Write) -> Write:
    def write(value: Any) -> bytes:
        if not isinstance(value, list | tuple):
            raise TypeError("not a list")
        if not value:
            return b"\0"
        return b"".join([_long(len(value)), *map(write_item, value), b"\0"])

    return write


def _map(write_item: Write) -> Write:
    def write(value: Any) -> bytes:
        if not isinstance(value, dict):
            raise TypeError("not a map")
        if not value:
            return b"\0"
        return b"".join([_long(len(value)), *(_string(key) + write_item(item) for key, item in value.items()), b"\0"])

    return write


def _long(value: int) -> bytes:
    left = (value << 1) ^ (value >> 63)
    if left < _GROUPS:
        return _LAST[left]
    if left >> 28 == 0:
        return _MORE[left & _MASK] + _LAST[left >> 14]
    if left >> 56 == 0:  # the instants of our time
        rest = left >> 28
        more = _MORE[left & _MASK] + _MORE[left >> 14 & _MASK]
        return more + (_LAST[rest] if rest < _GROUPS else _MORE[rest & _MASK] + _LAST[rest >> 14])
    if left >> 64 or value >> 63 not in (0, -1):
        raise OverflowError("more than 64 bits")
    groups = [_MORE[left >> shift & _MASK] for shift in (0, 14, 28, 42)]
    return b"".join([*groups, _LAST[left >> 56]])


def _int(value: int) -> bytes:
    if value >> 31 not in (0, -1):
        raise OverflowError("more than 32 bits")
    return _long(value)


class _Sizes(dict[int, bytes]):
    """The long before a text, of every size up to a few hundred; others are written when they are needed."""

    def __init__(self, before: bytes) -> None:
        super().__init__({size: before + _long(size) for size in range(512)})
        self._before = before

    def __missing__(self, size: int) -> bytes:
        return self._before + _long(size)


_SIZES = _Sizes(b"")
_SOME = _Sizes(b"\2")
"""With the index of the branch of a union that is not null."""


def _string(value: str) -> bytes:
    raw = value.encode()
    return _SIZES[len(raw)] + raw


def _optional_string(value: str | None) -> bytes:
    if value is None:
        return b"\0"
    raw = value.encode()
    return _SOME[len(raw)] + raw


def _bytes(value: bytes) -> bytes:
    return b"".join((_long(len(value)), value))


def _boolean(value: bool) -> bytes:  # noqa: FBT001 it is the value
    if value is True:
        return b"\1"
    if value is False:
        return b"\0"
    raise TypeError("not a boolean")


_PRIMITIVES: dict[str, Write] = {
    "boolean": _boolean,
    "bytes": _bytes,
    "double": _DOUBLE,
    "int": _int,
    "long": _long,
    "string": _string,
}
