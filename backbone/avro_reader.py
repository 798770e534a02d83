"""Reads Avro's binary form straight into domain structs, at a third of what a general library and a conversion take.

A reader is a function that is compiled once from a schema and the struct whose fields have the types that the schema's
have. For a pair of which anything is not known there is none, and `codec.py` uses fastavro. A reader either returns
what fastavro and msgspec would, or raises: then `codec.py` asks them, and they say what is wrong. Both are held to that
by `tests/backbone/test_avro_reader.py`. Source: Apache Avro 1.12, "Binary encoding".
"""

import struct
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import msgspec
from msgspec import inspect

from backbone.schema_files import Schema

Read = Callable[[bytes, int], Any]
"""Takes a message and where its body begins. Raises any exception for bytes that are not exactly one value."""

_PRIMITIVES: dict[str, type[inspect.Type]] = {
    "null": inspect.NoneType,
    "boolean": inspect.BoolType,
    "int": inspect.IntType,
    "long": inspect.IntType,
    "double": inspect.FloatType,
    "string": inspect.StrType,
    "bytes": inspect.BytesType,
}
"""What a struct's field is for each."""
_CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")
_DOUBLE = struct.Struct("<d").unpack_from


class _NotKnown(Exception):
    """The schema, or the struct, has something that is not read here."""


def avro_reader(schema: Schema, into: type[msgspec.Struct]) -> Read | None:
    """A reader of values of this schema, without logical types, that makes `into`; None: none is made for them."""
    source = _Source()
    try:
        told = source.value(schema, inspect.type_info(into), 1)
    except _NotKnown:
        return None
    lines = ["def read(raw, at):", *source.lines, " if at != len(raw): raise ValueError", f" return {told}"]
    exec("\n".join(lines), source.names)  # noqa: S102 made of the names of fields alone, and those are checked
    read: Read = source.names["read"]
    return read


class _Source:
    """The lines of a reader. Each method adds those that read one value at `at`, and returns the value's name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"long_at": _long_at, "size_at": _size_at, "double_at": _DOUBLE}
        self._named: dict[str, Schema] = {}
        self._open: list[str] = []
        self._count = 0

    def value(self, schema: Schema, wanted: inspect.Type, depth: int) -> str:
        if isinstance(schema, list):
            return self._union(schema, wanted, depth)
        if isinstance(schema, str):
            known = self._named.get(schema)
            return self._primitive(schema, wanted, depth) if known is None else self.value(known, wanted, depth)
        kind = schema["type"]
        compound = {"record": self._record, "enum": self._enum, "array": self._array, "map": self._map}
        if isinstance(kind, str) and kind in compound:
            return compound[kind](schema, wanted, depth)
        return self.value(kind, wanted, depth)

    def _primitive(self, kind: str, wanted: inspect.Type, depth: int) -> str:
        if not isinstance(wanted, _PRIMITIVES.get(kind, _Nothing)):
            raise _NotKnown
        if any(getattr(wanted, each, None) is not None for each in _CONSTRAINTS):
            raise _NotKnown
        told = self._new()
        match kind:
            case "null":
                self._add(depth, f"{told} = None")
            case "boolean":
                self._add(depth, f"{told} = (False, True)[raw[at]]; at += 1")
            case "double":
                self._add(depth, f"({told},) = double_at(raw, at); at += 8")
            case "string" | "bytes":
                self._size(depth)
                text = ".decode()" if kind == "string" else ""
                self._add(depth, f"{told} = raw[at:at + n]{text}; at += n")
            case _:
                self._add(depth, f"{told} = raw[at]; at += 1")
                self._add(depth, f"if {told} < 128: {told} = ({told} >> 1) ^ -({told} & 1)")
                self._add(depth, f"else: {told}, at = long_at(raw, at - 1)")
        return told

    def _union(self, branches: list[Any], wanted: inspect.Type, depth: int) -> str:
        told, index = self._new(), self._new()
        self._add(depth, f"{index} = raw[at]; at += 1")
        for number, branch in enumerate(branches):
            self._add(depth, f"{'elif' if number else 'if'} {index} == {2 * number}:")
            self._add(depth + 1, f"{told} = {self._branch(branch, wanted, depth + 1)}")
        self._add(depth, "else: raise ValueError")
        return told

    def _branch(self, branch: Schema, wanted: inspect.Type, depth: int) -> str:
        """Of the types that a field may have, the one that this branch is."""
        before = len(self.lines)
        for each in wanted.types if isinstance(wanted, inspect.UnionType) else (wanted,):
            try:
                return self.value(branch, each, depth)
            except _NotKnown:
                del self.lines[before:]
        raise _NotKnown

    def _record(self, schema: dict[str, Any], wanted: inspect.Type, depth: int) -> str:
        name = schema["name"]
        if not isinstance(wanted, inspect.StructType) or wanted.array_like or wanted.tag is not None:
            raise _NotKnown
        if name in self._open:
            raise _NotKnown  # it holds itself: one function without end
        fields = {field.name: field for field in wanted.fields if field.encode_name == field.name}
        read = {field["name"]: field["type"] for field in schema["fields"]}
        if len(fields) != len(wanted.fields) or not all(each.isidentifier() and not iskeyword(each) for each in fields):
            raise _NotKnown
        if any(field.required for each, field in fields.items() if each not in read):
            raise _NotKnown
        self._named[name] = self._named[name.rpartition(".")[2]] = schema
        self._open.append(name)
        given = []
        for each, kind in read.items():
            told = self.value(kind, fields[each].type if each in fields else _any_of(kind, self._named), depth)
            if each in fields:
                given.append(f"{each}={told}")
        self._open.pop()
        told, make = self._new(), self._new()
        self.names[make] = wanted.cls
        self._add(depth, f"{told} = {make}({', '.join(given)})")
        return told

    def _enum(self, schema: dict[str, Any], wanted: inspect.Type, depth: int) -> str:
        symbols: tuple[Any, ...] = tuple(schema["symbols"])
        if isinstance(wanted, inspect.EnumType):
            known = {each.value for each in wanted.cls}
            if not known.issuperset(symbols):
                raise _NotKnown
            symbols = tuple(map(wanted.cls, symbols))
        elif not isinstance(wanted, inspect.StrType):
            raise _NotKnown
        self._named[schema["name"]] = schema
        told, table = self._new(), self._new()
        self.names[table] = {2 * number: symbol for number, symbol in enumerate(symbols[:64])}
        self._add(depth, f"{told} = {table}[raw[at]]; at += 1")
        return told

    def _array(self, schema: dict[str, Any], wanted: inspect.Type, depth: int) -> str:
        if not isinstance(wanted, inspect.ListType) or schema["items"] == "null":
            raise _NotKnown
        told = self._new()
        self._add(depth, f"{told} = []")
        self._blocks(depth)
        item = self.value(schema["items"], wanted.item_type, depth + 2)
        self._add(depth + 2, f"{told}.append({item})")
        return told

    def _map(self, schema: dict[str, Any], wanted: inspect.Type, depth: int) -> str:
        if not isinstance(wanted, inspect.DictType):
            raise _NotKnown
        told = self._new()
        self._add(depth, f"{told} = {{}}")
        self._blocks(depth)
        key = self._primitive("string", wanted.key_type, depth + 2)
        value = self.value(schema["values"], wanted.value_type, depth + 2)
        self._add(depth + 2, f"{told}[{key}] = {value}")
        return told

    def _blocks(self, depth: int) -> None:
        """Of an array or a map. One whose size in bytes is told, too, is left to the general reader."""
        count = self._new()
        self._add(depth, "while True:")
        self._size(depth + 1)
        self._add(depth + 1, "if n == 0: break")
        self._add(depth + 1, f"for {count} in range(n):")

    def _size(self, depth: int) -> None:
        """Into `n`. One byte does for most; an odd one is negative."""
        self._add(depth, "n = raw[at]; at += 1")
        self._add(depth, "if n & 129: n, at = size_at(raw, at - 1)")
        self._add(depth, "else: n >>= 1")

    def _new(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _add(self, depth: int, line: str) -> None:
        self.lines.append(" " * depth + line)


class _Nothing(inspect.Type):
    """No field has this type."""


def _any_of(schema: Schema, named: dict[str, Schema]) -> inspect.Type:
    """The type of a field that the struct does not have: it is read and forgotten. Of what is simple alone."""
    if isinstance(schema, list):
        return inspect.UnionType(tuple(_any_of(each, named) for each in schema))
    kind = schema if isinstance(schema, str) else schema["type"]
    if isinstance(kind, str) and kind in _PRIMITIVES:
        return _PRIMITIVES[kind]()
    raise _NotKnown


def _size_at(raw: bytes, at: int) -> tuple[int, int]:
    size, at = _long_at(raw, at)
    if size < 0:
        raise ValueError("a negative size")
    return size, at


def _long_at(raw: bytes, at: int) -> tuple[int, int]:
    """A long and where it ends. It is in groups of seven bits, the lowest first, each but the last with the high bit
    set. Instants of our time have eight of them, which are moved together in three steps.
    """
    groups = int.from_bytes(raw[at : at + 8], "little")
    if groups & 0x8080808080808080 == 0x0080808080808080:
        groups &= 0x7F7F7F7F7F7F7F7F
        groups = (groups & 0x007F007F007F007F) | (groups & 0x7F007F007F007F00) >> 1
        groups = (groups & 0x00003FFF00003FFF) | (groups & 0x3FFF00003FFF0000) >> 2
        groups = (groups & 0x0FFFFFFF) | (groups & 0x0FFFFFFF00000000) >> 4
        return (groups >> 1) ^ -(groups & 1), at + 8
    value = shift = 0
    while True:
        group = raw[at]
        at += 1
        value |= (group & 127) << shift
        if group < 128:
            break
        shift += 7
        if shift > 63:
            raise ValueError("more than 64 bits")
    return (value >> 1) ^ -(value & 1), at
