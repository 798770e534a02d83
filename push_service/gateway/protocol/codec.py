"""What every encoding of the protocol offers. Sessions and commands know this, and no encoding in particular."""

from typing import Protocol

from push_service.gateway.delivery.push import Push
from push_service.gateway.protocol.commands import Command
from push_service.gateway.protocol.replies import Reply


class MalformedFrameError(ValueError):
    """What a client sent is not commands of the protocol. The message does not repeat it."""


class Codec(Protocol):
    """Bytes to commands, replies and pushes to bytes. No I/O."""

    @property
    def ping(self) -> bytes:
        """Our ping: an empty reply."""

    def decode(self, frame: bytes, max_commands: int) -> list[Command]:
        """The commands in a frame, in order. Raises MalformedFrameError."""

    def encode(self, reply: Reply) -> bytes:
        """A reply as it stands in a frame."""

    def encode_push(self, push: Push) -> bytes:
        """A push as it stands in a frame."""
