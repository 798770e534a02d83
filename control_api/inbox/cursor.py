"""Where the next page of an inbox begins: text that clients hand back as they got it."""

from typing import NamedTuple

_LONGEST = 20


class Cursor(NamedTuple):
    """`rising`: the page goes on with what came after `seq`, in order; else with what came before it, newest first."""

    rising: bool
    seq: int

    def __str__(self) -> str:
        return f"{'a' if self.rising else 'b'}{self.seq}"


def read_cursor(text: str) -> Cursor:
    """Raises ValueError."""
    direction, digits = text[:1], text[1:]
    if direction not in ("a", "b") or not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST:
        raise ValueError("expected `next` of the page before")
    return Cursor(direction == "a", min(int(digits), 2**63 - 1))
