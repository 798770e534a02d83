"""Splits a message with a list in it, without decoding the list's members.

A decoder would first make an object of each of them, and a message of a megabyte holds half a million empty ones.
Source of the encoding: protobuf.dev, "Encoding".
"""

from ingest.grpc_api.problems import MALFORMED_MESSAGE
from ingest.problems import BATCH_TOO_LONG
from runtime.http.problem import Problem

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


def members(raw: bytes, number: int, most: int) -> list[bytes]:
    """The bytes of each member of the repeated field `number`. Raises Problem: 400, or 413 for over `most`."""
    found: list[bytes] = []
    at = steps = 0
    while at < len(raw):
        steps += 1
        if len(found) > most or steps > 2 * most:  # fields that we do not know count too, but nobody sends many
            raise Problem(BATCH_TOO_LONG, f"a list has up to {most} items")
        tag, at = _varint(raw, at)
        kind = tag & 7
        if kind == _VARINT:
            _, at = _varint(raw, at)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        elif kind == _BYTES:
            size, at = _varint(raw, at)
            if tag >> 3 == number:
                found.append(raw[at : at + size])
            at += size
        else:
            raise _malformed()
    if at != len(raw):
        raise _malformed()
    if len(found) > most:
        raise Problem(BATCH_TOO_LONG, f"a list has up to {most} items")
    return found


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(raw[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise _malformed()


def _malformed() -> Problem:
    return Problem(MALFORMED_MESSAGE, "the message is not a SendBulkRequest")
