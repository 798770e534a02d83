"""A push: one publication on one channel, encoded once for each way of writing it."""

from typing import Protocol

from push_service.gateway.delivery.publication import Publication
from push_service.gateway.protocol.pushes import ServerPush
from push_service.gateway.protocol.replies import Reply

ConflationKey = tuple[str, str, str]
"""(channel, kind, entity): of two queued pushes with the same key only the newer need arrive."""


class Wire(Protocol):
    """A way of writing: an encoding in the frames of a transport. Compared by identity."""

    def frame(self, payload: bytes) -> bytes:
        """Encoded replies as the transport sends them."""

    def push_frame(self, push: "Push") -> bytes:
        """A push as the transport sends it."""

    def reply_frame(self, reply: Reply) -> bytes:
        """A reply as the transport sends it."""


class Push:
    """Built once for all subscribers of a channel; so are its bytes, which all their sockets share."""

    __slots__ = ("_frames", "channel", "conflation_key", "publication")

    def __init__(self, channel: str, publication: Publication, *, conflated: bool) -> None:
        self.channel = channel
        self.publication = publication
        self.conflation_key: ConflationKey | None = (channel, *publication.entity) if conflated else None
        self._frames: dict[Wire, bytes] = {}

    def frame(self, wire: Wire) -> bytes:
        """The push's bytes on a kind of wire."""
        frame = self._frames.get(wire)
        if frame is None:
            frame = self._frames[wire] = wire.push_frame(self)
        return frame


class Announcement:
    """Anything but a publication that many get, such as a join: built and encoded once, like a `Push`."""

    __slots__ = ("_frames", "_reply")
    conflation_key: ConflationKey | None = None

    def __init__(self, push: ServerPush) -> None:
        self._reply = Reply(push=push)
        self._frames: dict[Wire, bytes] = {}

    def frame(self, wire: Wire) -> bytes:
        """Its bytes on a kind of wire."""
        frame = self._frames.get(wire)
        if frame is None:
            frame = self._frames[wire] = wire.reply_frame(self._reply)
        return frame


Pushed = Push | Announcement
"""What a transport takes for its client."""
