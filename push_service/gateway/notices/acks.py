"""Acknowledgements of many connections, set together: a few milliseconds of them are one statement."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import structlog

from domain.errors import OutageError
from storage.push_decisions import Acked, NoticeKey

log = structlog.get_logger(__name__)


class AckStore(Protocol):
    """The part of `storage.postgres.push_decisions.AsyncPushDecisions` that is needed."""

    async def ack_all(self, keys: Iterable[NoticeKey]) -> Acked:
        """Raises OutageError."""


class AckLimits(NamedTuple):
    """Bounds."""

    gather_seconds: float = 0.004
    """How long the first waits for others."""
    batch: int = 2_000
    waiting: int = 50_000
    """Notifications; with more, nobody else's are taken."""


class _Asked(NamedTuple):
    keys: Sequence[NoticeKey]
    answer: asyncio.Future[Acked]


class Acks:
    """One statement at a time: while it runs, the next batch grows."""

    def __init__(self, store: AckStore, limits: AckLimits | None = None) -> None:
        self._store = store
        self._limits = limits or AckLimits()
        self._asked: deque[_Asked] = deque()
        self._waiting = 0
        self._running: asyncio.Task[None] | None = None

    async def ack(self, keys: Sequence[NoticeKey]) -> Acked:
        """Returns once it is set; what is told may be of others too. Raises OutageError."""
        if self._waiting + len(keys) > self._limits.waiting:
            raise OutageError("too many acknowledgements wait")
        answer: asyncio.Future[Acked] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(keys, answer))
        self._waiting += len(keys)
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            await asyncio.sleep(self._limits.gather_seconds)
            while self._asked:
                await self._set(self._next())
        finally:
            self._running = None

    def _next(self) -> list[_Asked]:
        taken: list[_Asked] = []
        size = 0
        while self._asked and (not taken or size + len(self._asked[0].keys) <= self._limits.batch):
            size += len(self._asked[0].keys)
            taken.append(self._asked.popleft())
        self._waiting -= size
        return taken

    async def _set(self, taken: list[_Asked]) -> None:
        try:
            acked = await self._store.ack_all(key for each in taken for key in each.keys)
        except Exception as error:
            if not isinstance(error, OutageError):
                log.exception("acknowledgements failed")
            for each in taken:
                if not each.answer.done():
                    each.answer.set_exception(OutageError(str(error)))
            return
        for each in taken:
            if not each.answer.done():
                each.answer.set_result(acked)
