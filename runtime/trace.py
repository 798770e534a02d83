"""W3C Trace Context: the `traceparent` header, version 00 (https://www.w3.org/TR/trace-context/#traceparent-header)."""

import re
import secrets
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_SAMPLED = 0x01


@dataclass(frozen=True)
class TraceParent:
    """One hop of a trace: 32 and 16 lower-case hex digits, neither all zero, and whether the caller records it."""

    trace_id: str
    span_id: str
    sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED if self.sampled else 0:02x}"

    def child(self) -> "TraceParent":
        """The next hop of the same trace."""
        return TraceParent(self.trace_id, secrets.token_hex(8), self.sampled)


def new_trace(*, sampled: bool = True) -> TraceParent:
    """A trace that begins here."""
    return TraceParent(secrets.token_hex(16), secrets.token_hex(8), sampled)


def parse_traceparent(text: str) -> TraceParent | None:
    """The parsed header, or None where the standard says to begin a new trace: it is a hint, never an error."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    # Later versions may add fields at the end; version 00 has none, and ff is forbidden.
    if version == "ff" or (version == "00" and more is not None) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
