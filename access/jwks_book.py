"""The key set of the identity provider, in memory, kept fresh.

One task reads it: at start, at intervals, and soon when a token names a key that is not in it. However many such tokens
come, it is read once in `jwt_jwks_pause_seconds` at most, and all who wait share what is read. Keys last read keep
working while the provider is away.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from access.jwks import read_jwks
from access.metrics import JwksMetrics
from access.settings import AccessSettings
from access.token_error import TokenError, TokenFault
from access.token_key import BadKey, TokenKey
from domain.errors import OutageError
from runtime.health import Condition

log = structlog.get_logger(__name__)

MAX_WAITING = 1_000
"""Tokens with new keys that may wait at a time."""


class KeysUnavailable(OutageError):
    """The key set cannot be read now, so that nobody knows whether the token is good: come again."""


class JwksSource(Protocol):
    """Where the key set comes from."""

    async def fetch(self) -> bytes:
        """The document, of bounded length. Raises OutageError."""
        ...


class JwksBook:
    """Finds published keys. A service: `run` reads them. Ready once they were read."""

    name = "jwks"

    def __init__(
        self,
        source: JwksSource,
        settings: AccessSettings,
        *,
        condition: Condition,
        metrics: JwksMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._refresh = settings.jwt_jwks_refresh_seconds
        self._pause = settings.jwt_jwks_pause_seconds
        self._timeout = settings.jwt_jwks_timeout_seconds
        self._condition = condition
        self._metrics = metrics
        self._clock = clock
        self._keys: dict[tuple[str, str | None], TokenKey] = {}
        self._only: dict[str, TokenKey] = {}
        """By algorithm, where the set has one key for it: a token that names no key can mean no other."""
        self._wanted = asyncio.Event()
        self._waiting: set[asyncio.Future[bool]] = set()
        """Wait for the next reading; True: it succeeded."""

    def find(self, algorithm: str, key_id: str | None) -> TokenKey | None:
        """The key that a token names."""
        return self._only.get(algorithm) if key_id is None else self._keys.get((algorithm, key_id))

    async def learn(self, algorithm: str, key_id: str | None) -> None:
        """Returns when the key is known, after the set was read again.

        Raises TokenError (unknown key) if it is not in it, KeysUnavailable if that cannot be told now.
        """
        if self.find(algorithm, key_id) is not None:
            return
        if len(self._waiting) >= MAX_WAITING:
            raise KeysUnavailable("too many tokens with unknown keys are waiting")
        reading: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(reading)
        self._wanted.set()
        try:
            async with asyncio.timeout(self._pause + self._timeout):
                done = await reading
        except TimeoutError:
            done = False
        finally:
            self._waiting.discard(reading)
        if self.find(algorithm, key_id) is not None:
            return
        if not done:
            raise KeysUnavailable("the key set cannot be read now")
        raise TokenError(TokenFault.UNKNOWN_KEY, "the key is not in the published set")

    async def run(self, stopping: asyncio.Event) -> None:
        """Reads the key set, until told to stop."""
        stopped = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                began = self._clock()
                done = await self._read()
                await asyncio.wait({stopped}, timeout=max(0.0, began + self._pause - self._clock()))
                wanted = asyncio.create_task(self._wanted.wait())
                longest = self._refresh if done else self._pause
                await asyncio.wait({stopped, wanted}, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
        finally:
            stopped.cancel()
            self._tell(list(self._waiting), done=False)

    async def _read(self) -> bool:
        """Reads the set once. Whoever asks from now on waits for the next reading: this one may be too old."""
        asked, self._waiting = list(self._waiting), set()
        self._wanted.clear()
        done = False
        try:
            async with asyncio.timeout(self._timeout):
                document = await self._source.fetch()
            self._keep(read_jwks(document))
            done = True
        except (OutageError, TimeoutError, BadKey) as error:
            log.warning("cannot read the key set", error=str(error) or "timeout", keys_kept=len(self._keys))
        self._metrics.readings.labels("read" if done else "failed").inc()
        self._tell(asked, done=done)
        return done

    def _keep(self, keys: tuple[TokenKey, ...]) -> None:
        self._keys = {(key.algorithm, key.key_id): key for key in keys}
        by_algorithm: dict[str, list[TokenKey]] = {}
        for key in keys:
            by_algorithm.setdefault(key.algorithm, []).append(key)
        self._only = {algorithm: found[0] for algorithm, found in by_algorithm.items() if len(found) == 1}
        self._metrics.keys.set(len(keys))
        self._metrics.read_at.set_to_current_time()
        self._condition.up()

    def _tell(self, asked: list[asyncio.Future[bool]], *, done: bool) -> None:
        for each in asked:
            if not each.done():
                each.set_result(done)
