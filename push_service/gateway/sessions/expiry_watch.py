"""The ends of tokens, kept on time without a timer for each."""

import asyncio
from collections.abc import Callable

from access.viewer import NEVER
from domain.instants import HOUR, SECOND, Micros
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex

TICK_SECONDS = 0.25
SCAN_TICKS = 80
"""So many ticks one look at all sessions takes: a part of them at each, so that nobody waits for it."""
_SOON = int(2 * SCAN_TICKS * TICK_SECONDS) * SECOND
_FORGET_EVERY = HOUR


class ExpiryWatch:
    """Looks at every session now and then, and closely at those that have an end soon.

    So a session costs nothing until its last 40 s, whatever became of its tokens since. The scan is also what finds
    sessions that were revoked in bulk.
    """

    name = "expiry"

    def __init__(
        self,
        sessions: SessionIndex,
        check: Callable[[Session], None],
        forget: Callable[[], object],
        clock: Callable[[], Micros],
    ) -> None:
        """`check` ends what is over, if anything is; `forget` drops revocations that are."""
        self._sessions = sessions
        self._check = check
        self._forget = forget
        self._clock = clock
        self._soon: dict[Session, None] = {}
        self._to_look_at: list[Session] = []
        self._part = 1
        self._next_forget: Micros = 0

    def watch(self, session: Session) -> None:
        """The session has a new end."""
        if _end(session) < self._clock() + _SOON:
            self._soon[session] = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks until told to stop."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self.tick()
                await asyncio.wait({stopped}, timeout=TICK_SECONDS)
        finally:
            stopped.cancel()

    def tick(self) -> None:
        """One look."""
        now = self._clock()
        if now >= self._next_forget:
            self._next_forget = now + _FORGET_EVERY
            self._forget()
        self._scan()
        for session in tuple(self._soon):
            end = _end(session)
            if end <= now:
                self._check(session)
            if session.closed or end >= now + _SOON:
                del self._soon[session]

    def _scan(self) -> None:
        if not self._to_look_at:
            self._to_look_at = list(self._sessions)
            self._part = -(-len(self._to_look_at) // SCAN_TICKS)
        for session in self._to_look_at[-self._part :]:
            self._check(session)
            self.watch(session)
        del self._to_look_at[-self._part :]


def _end(session: Session) -> Micros:
    """The first end of anything that the session has."""
    end = NEVER if session.viewer is None else session.viewer.expires_at
    if session.grants:
        end = min(end, *(grant.expires_at for grant in session.grants.values()))
    return end
