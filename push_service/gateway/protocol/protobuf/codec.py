"""The protocol in Protobuf: a frame is one or more messages, each with its length before it, in both directions."""

from push_service.gateway.protocol.codec import MalformedFrameError
from push_service.gateway.protocol.commands import Command
from push_service.gateway.protocol.protobuf.reader import ProtobufReader, read_varint
from push_service.gateway.protocol.protobuf.schema import COMMANDS, REPLIES
from push_service.gateway.protocol.protobuf.writer import ProtobufWriter, delimited
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.push import Push

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
        if not frame:
            raise MalformedFrameError("a frame without a command")
        commands: list[Command] = []
        at, end = 0, len(frame)
        while at < end:
            if len(commands) == max_commands:
                raise MalformedFrameError(f"more than {max_commands} commands in a frame")
            size, at = read_varint(frame, at, end)
            if at + size > end:
                raise MalformedFrameError("a command is beyond the frame's end")
            commands.append(self._reader.read(frame, at, at + size, Command))
            at += size
        return commands

    def encode(self, reply: Reply) -> bytes:
        """See `Codec`."""
        return delimited(self._writer.write(reply))

    def encode_push(self, push: Push) -> bytes:
        """See `Codec`."""
        publication = delimited(self._writer.publication(push.publication))
        body = _CHANNEL + delimited(push.channel.encode()) + _PUBLICATION + publication
        return delimited(_PUSH + delimited(body))
