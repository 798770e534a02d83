"""The protocol in JSON: a frame is one or more JSON objects separated by newlines, in both directions."""

import msgspec

from push_service.gateway.delivery.publication import Publication
from push_service.gateway.delivery.push import Push
from push_service.gateway.protocol.codec import MalformedFrameError
from push_service.gateway.protocol.commands import Command
from push_service.gateway.protocol.replies import Reply


class JsonCodec:
    """See `Codec`."""

    __slots__ = ("_decoder", "_encoder")
    ping = b"{}"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Command)
        self._encoder = msgspec.json.Encoder(enc_hook=_publication_json)

    def decode(self, frame: bytes, max_commands: int) -> list[Command]:
        """See `Codec`."""
        try:
            if b"\n" not in frame:
                return [self._decoder.decode(frame)]
            lines = frame.strip().split(b"\n", max_commands)
            if len(lines) > max_commands:
                raise MalformedFrameError(f"more than {max_commands} commands in a frame")
            return [self._decoder.decode(line) for line in lines]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedFrameError("not a command of the protocol in JSON") from error

    def encode(self, reply: Reply) -> bytes:
        """See `Codec`. A line break can only come from data that somebody wrote over several lines."""
        text = self._encoder.encode(reply)
        return text if b"\n" not in text else msgspec.json.format(text, indent=-1)

    def encode_push(self, push: Push) -> bytes:
        """See `Codec`."""
        return b'{"push":{"channel":%b,"pub":%b}}' % (self._encoder.encode(push.channel), push.publication.json)


def _publication_json(value: object) -> msgspec.Raw:
    if isinstance(value, Publication):
        return msgspec.Raw(value.json)
    raise NotImplementedError(f"{type(value).__name__} is no part of a reply")
