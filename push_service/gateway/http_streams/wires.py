"""Encodings of the protocol in a response's body; each is a `Wire`."""

from typing import Protocol

from push_service.gateway.delivery.push import Push
from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.replies import Reply


class StreamWire(Protocol):
    """What a stream needs to know of its encoding."""

    codec: Codec
    content_type: str

    def frame(self, payload: bytes) -> bytes: ...
    def push_frame(self, push: Push) -> bytes: ...
    def reply_frame(self, reply: Reply) -> bytes: ...


class _StreamWire:
    __slots__ = ("codec",)

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def frame(self, payload: bytes) -> bytes:
        """See `Wire`."""
        raise NotImplementedError

    def push_frame(self, push: Push) -> bytes:
        """See `Wire`."""
        return self.frame(self.codec.encode_push(push))

    def reply_frame(self, reply: Reply) -> bytes:
        """See `Wire`."""
        return self.frame(self.codec.encode(reply))


class LineWire(_StreamWire):
    """JSON, one reply a line."""

    content_type = "application/x-ndjson"

    def frame(self, payload: bytes) -> bytes:
        return payload + b"\n"


class DelimitedWire(_StreamWire):
    """Protobuf, in which every reply already has its length before it."""

    content_type = "application/octet-stream"

    def frame(self, payload: bytes) -> bytes:
        return payload


class EventWire(_StreamWire):
    """JSON in server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

    content_type = "text/event-stream; charset=utf-8"

    def frame(self, payload: bytes) -> bytes:
        # A carriage return ends a line there; in JSON on one line it can only stand between tokens.
        return b"data: " + payload.replace(b"\r", b" ") + b"\n\n"
