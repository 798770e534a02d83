"""An encoding of the protocol in WebSocket messages."""

from collections.abc import Callable

from push_service.gateway.delivery.push import Push
from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.websocket.frames import binary_frame, text_frame


class SocketWire:
    """Each reply and each push as one message; a `Wire`."""

    __slots__ = ("_message", "codec")

    def __init__(self, codec: Codec, message: Callable[[bytes], bytes]) -> None:
        self.codec = codec
        self._message = message

    @classmethod
    def text(cls, codec: Codec) -> "SocketWire":
        """In text messages: JSON."""
        return cls(codec, text_frame)

    @classmethod
    def binary(cls, codec: Codec) -> "SocketWire":
        """In binary messages: Protobuf."""
        return cls(codec, binary_frame)

    def frame(self, payload: bytes) -> bytes:
        """See `Wire`."""
        return self._message(payload)

    def push_frame(self, push: Push) -> bytes:
        """See `Wire`."""
        return self._message(self.codec.encode_push(push))

    def reply_frame(self, reply: Reply) -> bytes:
        """See `Wire`."""
        return self._message(self.codec.encode(reply))
