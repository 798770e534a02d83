"""Deltas in the format of the Fossil version control system: what turns one text into the next. Pure.

Restated from fossil-scm.org, "Fossil Delta Format": the length of the result, then copies from the old text (`N@M,`)
and new text (`N:...`), then a checksum of the result (`C;`); numbers in 64 digits of its own.
"""

_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
_BLOCK = 16
"""So many bytes have to be the same to be copied."""


def fossil_delta(old: bytes, new: bytes) -> bytes:
    """What makes `new` of `old`. It is not always shorter than `new`."""
    parts = [_number(len(new)), b"\n"]
    blocks = {old[at : at + _BLOCK]: at for at in range(len(old) - _BLOCK, -1, -_BLOCK)}
    if len(old) >= _BLOCK:
        blocks.setdefault(old[:_BLOCK], 0)
    done = at = 0
    while at + _BLOCK <= len(new):
        found = blocks.get(new[at : at + _BLOCK])
        if found is None:
            at += 1
            continue
        start, copied = _widened(old, new, found, at, done)
        if start > done:
            parts += (_number(start - done), b":", new[done:start])
        parts += (_number(copied), b"@", _number(found - (at - start)), b",")
        done = at = start + copied
    if done < len(new):
        parts += (_number(len(new) - done), b":", new[done:])
    parts += (_number(_checksum(new)), b";")
    return b"".join(parts)


def _widened(old: bytes, new: bytes, found: int, at: int, done: int) -> tuple[int, int]:
    """Where what is the same around a block begins in `new`, not before `done`, and how long it is."""
    before = 0
    while at - before > done and found - before > 0 and old[found - before - 1] == new[at - before - 1]:
        before += 1
    length = _BLOCK
    while at + length < len(new) and found + length < len(old) and old[found + length] == new[at + length]:
        length += 1
    return at - before, before + length


def _number(value: int) -> bytes:
    digits = bytearray()
    while value:
        value, digit = divmod(value, 64)
        digits.append(_DIGITS[digit])
    return bytes(reversed(digits)) or b"0"


def _checksum(text: bytes) -> int:
    padded = text + bytes(-len(text) % 4)
    return sum(int.from_bytes(padded[at : at + 4]) for at in range(0, len(padded), 4)) & 0xFFFFFFFF
