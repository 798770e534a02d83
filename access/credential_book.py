"""Credentials in memory, in front of PostgreSQL, so that a request costs no query.

A revocation takes effect within `poll_seconds` or so on every server: each asks once a second which credentials were
changed lately, one small query on a partial index. LISTEN/NOTIFY would save that query, but it needs a connection of
its own that no pooler may share, loses what is said while it reconnects, and so needs the query all the same.

When PostgreSQL is away, kept credentials work for `outage_seconds` more, and others are refused as unavailable. A flood
of unknown ids is held by a short memory of them, one look-up at a time for each id, few at a time in all, and a bounded
number waiting.
"""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import structlog

from access.metrics import BookMetrics
from access.settings import CredentialsSettings
from domain.errors import OutageError
from runtime.health import Condition
from storage.credentials import Credential, CredentialStore

log = structlog.get_logger(__name__)
T = TypeVar("T")

LOOK_BACK_SECONDS = 30.0
"""Each poll also covers this much of what earlier ones have seen: a change is stamped before its commit is visible, and
a look-up that began before a change may end after the poll that told of it."""
MAX_CHANGES = 10_000
"""If more were changed at a time, everything is forgotten instead."""


class CredentialsUnavailable(OutageError):
    """The credential is not in memory and cannot be looked up now."""


class _Kept(NamedTuple):
    credential: Credential
    read_at: float


class CredentialBook:
    """Finds credentials by id. A service: `run` keeps what is in memory true."""

    name = "credential-book"

    def __init__(
        self,
        store: CredentialStore,
        settings: CredentialsSettings,
        *,
        condition: Condition,
        metrics: BookMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._settings = settings
        self._condition = condition
        self._metrics = metrics
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # the one unused for longest comes first
        self._unknown: OrderedDict[str, float] = OrderedDict()  # id -> until when; the oldest comes first
        self._pending: dict[str, asyncio.Task[Credential | None]] = {}
        self._turns = asyncio.Semaphore(settings.lookups)
        self._queries: set[asyncio.Task[Any]] = set()
        self._confirmed_at = clock()
        """All kept credentials are true as of then."""

    async def find(self, credential_id: str) -> Credential | None:
        """The credential, expired and revoked ones too; None if there is none. Raises CredentialsUnavailable."""
        now = self._clock()
        kept = self._kept.get(credential_id)
        trusted = now - self._confirmed_at <= self._settings.outage_seconds
        if kept is not None and trusted and now - kept.read_at < self._settings.refresh_seconds:
            self._kept.move_to_end(credential_id)
            return kept.credential
        if self._unknown.get(credential_id, 0.0) > now:
            return None
        try:
            return await self._ask(credential_id)
        except CredentialsUnavailable:
            if kept is not None and trusted:
                return kept.credential
            raise

    async def run(self, stopping: asyncio.Event) -> None:
        """Asks what was changed, until told to stop."""
        while not stopping.is_set():
            await self.poll()
            pause = self._settings.poll_seconds * random.uniform(0.9, 1.1)
            try:
                async with asyncio.timeout(pause):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def poll(self) -> None:
        """Asks once what was changed, and forgets it."""
        began = self._clock()
        age = began - self._confirmed_at
        try:
            changed = await self._in_time(self._store.changes(age + LOOK_BACK_SECONDS, MAX_CHANGES))
        except (OutageError, TimeoutError) as error:
            log.warning("cannot ask which credentials were changed", error=str(error) or "timeout", for_seconds=age)
            if age > self._settings.outage_seconds:
                self._condition.down("PostgreSQL has been away for too long: no credential can be trusted")
            return
        if len(changed) >= MAX_CHANGES:
            self._kept.clear()
        for each in changed:
            self._kept.pop(each, None)
        self._confirmed_at = began
        self._metrics.confirmed.set_to_current_time()
        self._metrics.kept.set(len(self._kept))
        self._condition.up()

    async def _ask(self, credential_id: str) -> Credential | None:
        """Whoever asks for an id that is being looked up waits for that look-up, even if its first asker leaves."""
        pending = self._pending.get(credential_id)
        if pending is None:
            if len(self._pending) >= self._settings.lookups_waiting:
                self._metrics.lookups.labels("unavailable").inc()
                raise CredentialsUnavailable("too many credentials are being looked up")
            pending = self._pending[credential_id] = asyncio.create_task(self._look_up(credential_id))
            pending.add_done_callback(lambda done: self._answered(credential_id, done))
        return await asyncio.shield(pending)

    def _answered(self, credential_id: str, done: asyncio.Task[Credential | None]) -> None:
        del self._pending[credential_id]
        outcome = "unavailable"
        if not done.cancelled() and done.exception() is None:
            outcome = "unknown" if done.result() is None else "found"
        self._metrics.lookups.labels(outcome).inc()

    async def _look_up(self, credential_id: str) -> Credential | None:
        try:
            found = await self._in_time(self._in_turn(credential_id))
        except (OutageError, TimeoutError) as error:
            raise CredentialsUnavailable("the credential cannot be looked up") from error
        now = self._clock()
        if found is None:
            self._kept.pop(credential_id, None)
            _keep(self._unknown, credential_id, now + self._settings.unknown_seconds, self._settings.cached_unknown)
        else:
            _keep(self._kept, credential_id, _Kept(found, now), self._settings.cached)
        return found

    async def _in_turn(self, credential_id: str) -> Credential | None:
        """It keeps its turn until it has really ended, so that queries which hang stay as few as turns."""
        async with self._turns:
            return await self._store.find(credential_id)

    async def _in_time(self, query: Coroutine[Any, Any, T]) -> T:
        """Its result. Raises TimeoutError when that takes too long, without waiting for its cancellation: on a server
        that is frozen, a driver takes ten seconds more to give a query up.
        """
        task = asyncio.create_task(query)
        self._queries.add(task)
        task.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._settings.lookup_seconds)
        finally:
            task.cancel()
        if not done:
            raise TimeoutError
        return task.result()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._queries.discard(task)
        if not task.cancelled():
            task.exception()  # nobody else may ask for it


def _keep(memory: OrderedDict[str, T], key: str, value: T, most: int) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > most:
        memory.popitem(last=False)
