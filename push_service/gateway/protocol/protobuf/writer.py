"""Values of replies to Protobuf."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from push_service.gateway.delivery.publication import Publication
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.protobuf.reader import tag_of
from push_service.gateway.protocol.protobuf.schema import PUBLICATION, Field, Kind, Message

_INFO = msgspec.json.Decoder(ClientInfo)
_WORD = (1 << 64) - 1

Write = Callable[[bytearray, bytes, Any], None]


class ProtobufWriter:
    """Writes messages of a schema. Fields at proto3's default (zero, empty) are left out, as its own encoders do."""

    def __init__(self, schema: Mapping[Message, tuple[Field, ...]]) -> None:
        self._plans: dict[Message, tuple[tuple[str, bytes, Write], ...]] = {
            message: tuple((field.name, varint(tag_of(field)), self._writer(field)) for field in fields)
            for message, fields in schema.items()
        }

    def write(self, value: msgspec.Struct | Publication) -> bytes:
        """The bytes of a message. A Publication is written as the protocol's."""
        if isinstance(value, Publication):
            return self.publication(value)
        out = bytearray()
        for name, tag, write in self._plans[type(value)]:
            field = getattr(value, name)
            if field is not None:
                write(out, tag, field)
        return bytes(out)

    def publication(self, publication: Publication) -> bytes:
        """A live record; its payload's bytes are handed on unchanged."""
        update = publication.update
        out = bytearray()
        _write_bytes(out, _TAGS["data"], update.payload)
        if update.info is not None:
            self._write_message(out, _TAGS["info"], _INFO.decode(update.info))
        _write_number(out, _TAGS["offset"], publication.offset)
        _write_strings_by_key(out, _TAGS["tags"], update.tags)
        return bytes(out)

    def _writer(self, field: Field) -> Write:
        writers: Mapping[Kind, Write] = {
            Kind.STRING: _write_string,
            Kind.BYTES: _write_bytes,
            Kind.STRINGS: _write_strings,
            Kind.STRING_MAP: _write_strings_by_key,
            Kind.MESSAGE: self._write_message,
            Kind.MESSAGES: self._write_messages,
            Kind.MESSAGE_MAP: self._write_messages_by_key,
        }
        return writers.get(field.kind, _write_number)

    def _write_message(self, out: bytearray, tag: bytes, value: msgspec.Struct | Publication) -> None:
        _append(out, tag, self.write(value))

    def _write_messages(self, out: bytearray, tag: bytes, values: tuple[msgspec.Struct | Publication, ...]) -> None:
        for value in values:
            _append(out, tag, self.write(value))

    def _write_messages_by_key(self, out: bytearray, tag: bytes, values: dict[str, msgspec.Struct]) -> None:
        for key, value in values.items():
            _append(out, tag, _entry(key.encode(), self.write(value)))


def varint(number: int) -> bytes:
    """A number of 64 bits; a negative one as its two's complement."""
    if 0 <= number < 0x80:
        return bytes((number,))
    number &= _WORD
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(message: bytes) -> bytes:
    """A message with its length before it."""
    return varint(len(message)) + message


_TAGS = {field.name: varint(tag_of(field)) for field in PUBLICATION}


def _append(out: bytearray, tag: bytes, value: bytes) -> None:
    out += tag
    out += varint(len(value))
    out += value


def _entry(key: bytes, value: bytes) -> bytes:
    """One entry of a map: a message of a key and a value."""
    return b"\x0a" + delimited(key) + b"\x12" + delimited(value)


def _write_number(out: bytearray, tag: bytes, value: int) -> None:
    if value:
        out += tag
        out += varint(value)


def _write_string(out: bytearray, tag: bytes, value: str) -> None:
    if value:
        _append(out, tag, value.encode())


def _write_bytes(out: bytearray, tag: bytes, value: bytes | msgspec.Raw) -> None:
    data = bytes(value)
    if data:
        _append(out, tag, data)


def _write_strings(out: bytearray, tag: bytes, values: tuple[str, ...]) -> None:
    for value in values:
        _append(out, tag, value.encode())


def _write_strings_by_key(out: bytearray, tag: bytes, values: dict[str, str]) -> None:
    for key, value in values.items():
        _append(out, tag, _entry(key.encode(), value.encode()))
