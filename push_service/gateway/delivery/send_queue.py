"""What waits for one client that reads more slowly than we write. Bounded, by conflation first and then by refusal."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

import msgspec

from push_service.gateway.delivery.push import ConflationKey


class QueueLimits(msgspec.Struct, frozen=True):
    """Bytes of frames that may wait for one client, and their count."""

    conflate_bytes: int
    """Over this, an older update of an entity gives way to a newer one, where the channel's rule allows it."""
    max_bytes: int
    max_frames: int
    """Over either of these the client is slow, and sent away."""


class SendQueue:
    """Frames in the order to send them. Made when a socket stops taking bytes, and dropped when it takes them again."""

    __slots__ = ("_bytes", "_conflating", "_frames", "_limits", "_next", "conflated")

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self._frames: OrderedDict[ConflationKey | int, tuple[ConflationKey | None, bytes]] = OrderedDict()
        self._next = 0
        self._bytes = 0
        self._conflating = False
        self.conflated = 0
        """How many frames gave way to newer ones."""

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: bytes, key: ConflationKey | None) -> bool:
        """Adds a frame; None as key: it is never dropped. False when the client is slow: over the last bound."""
        if not self._conflating and self._bytes + len(frame) > self._limits.conflate_bytes:
            self._begin_conflating()
        self._add(frame, key)
        return self._bytes <= self._limits.max_bytes and len(self._frames) <= self._limits.max_frames

    def take(self) -> Iterator[bytes]:
        """Removes and gives frames, oldest first, for as long as it is asked."""
        while self._frames:
            _, (_, frame) = self._frames.popitem(last=False)
            self._bytes -= len(frame)
            yield frame
        self._conflating = False

    def _add(self, frame: bytes, key: ConflationKey | None) -> None:
        place: ConflationKey | int = self._next
        if self._conflating and key is not None:
            place = key
            older = self._frames.pop(key, None)
            if older is not None:
                self._bytes -= len(older[1])
                self.conflated += 1
        self._next += 1
        self._frames[place] = (key, frame)
        self._bytes += len(frame)

    def _begin_conflating(self) -> None:
        waiting = list(self._frames.values())
        self._frames = OrderedDict()
        self._bytes = 0
        self._conflating = True
        for key, frame in waiting:
            self._add(frame, key)


def joined(frames: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The frames in pieces of `size` bytes, give or take a frame; takes no more of them than the next piece needs."""
    piece: list[bytes] = []
    held = 0
    for frame in frames:
        piece.append(frame)
        held += len(frame)
        if held >= size:
            yield b"".join(piece)
            piece, held = [], 0
    if piece:
        yield b"".join(piece)
