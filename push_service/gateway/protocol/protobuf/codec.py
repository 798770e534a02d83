"""The protocol in Protobuf: a frame is one or more messages, each with its length before it, in both directions."""

from push_service.gateway.delivery.push import Push
from push_service.gateway.protocol.commands import Command
from push_service.gateway.protocol.protobuf.reader import ProtobufReader
from push_service.gateway.protocol.protobuf.schema import COMMANDS, REPLIES
from push_service.gateway.protocol.protobuf.writer import ProtobufWriter, delimited
from push_service.gateway.protocol.replies import Reply

_PUSH = b"\x22"  # Reply.push
_CHANNEL = b"\x12"  # Push.channel
_PUBLICATION = b"\x22"  # Push.pub


class ProtobufCodec:
    """See `Codec`."""

    __slots__ = ("_reader", "_writer")
    ping = b"\x00"

    def __init__(self) -> None:
        self._reader = ProtobufReader(COMMANDS)
        self._writer = ProtobufWriter(REPLIES)

    def decode(self, frame: bytes, max_commands: int) -> list[Command]:
        """See `Codec`."""
        return self._reader.read_delimited(frame, Command, max_commands)

    def encode(self, reply: Reply) -> bytes:
        """See `Codec`."""
        return delimited(self._writer.write(reply))

    def encode_push(self, push: Push) -> bytes:
        """See `Codec`."""
        publication = delimited(self._writer.publication(push.publication))
        body = _CHANNEL + delimited(push.channel.encode()) + _PUBLICATION + publication
        return delimited(_PUSH + delimited(body))
