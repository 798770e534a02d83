"""An encoding of the protocol in WebSocket messages."""

from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.push import Push
from push_service.gateway.websocket.frames import text_frame


class TextWire:
    """JSON in text messages; a `Wire`."""

    __slots__ = ("codec",)

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def frame(self, payload: bytes) -> bytes:
        """See `Wire`."""
        return text_frame(payload)

    def push_frame(self, push: Push) -> bytes:
        """See `Wire`."""
        return text_frame(self.codec.encode_push(push))

    def reply_frame(self, reply: Reply) -> bytes:
        """See `Wire`."""
        return text_frame(self.codec.encode(reply))
