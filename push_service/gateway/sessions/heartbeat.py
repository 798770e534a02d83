"""Our pings: one shared wheel, so that no connection needs a timer of its own and they do not all ping at once."""

import asyncio

from push_service.gateway.protocol.disconnects import NO_PONG
from push_service.gateway.sessions.session import Session

_SLOTS = 25


class Heartbeat:
    """Pings every session once per `interval` seconds, and ends those that are silent.

    SDKs take a connection for dead when no ping comes for the interval, which the connect reply names, plus 10 s.
    """

    name = "heartbeat"

    def __init__(self, interval: float, pong_timeout: float) -> None:
        self.interval = interval
        self._slots: list[dict[Session, None]] = [{} for _ in range(_SLOTS)]
        self._slot_of: dict[Session, int] = {}
        self._next = 0
        self._at = 0
        self._pong_slots = min(_SLOTS - 1, max(1, round(pong_timeout / interval * _SLOTS)))

    def join(self, session: Session) -> None:
        """The session is pinged from now on."""
        self._slots[self._next][session] = None
        self._slot_of[session] = self._next
        self._next = (self._next + 1) % _SLOTS

    def leave(self, session: Session) -> None:
        """It is pinged no more. Unknown ones are ignored."""
        slot = self._slot_of.pop(session, None)
        if slot is not None:
            del self._slots[slot][session]

    async def run(self, stopping: asyncio.Event) -> None:
        """Turns the wheel until told to stop."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self.tick()
                await asyncio.wait({stopped}, timeout=self.interval / _SLOTS)
        finally:
            stopped.cancel()

    def tick(self) -> None:
        """One step of the wheel."""
        for session in tuple(self._slots[(self._at - self._pong_slots) % _SLOTS]):
            if session.awaits_pong:
                session.disconnect(NO_PONG)
        for session in tuple(self._slots[self._at]):
            session.ping()
        self._at = (self._at + 1) % _SLOTS
