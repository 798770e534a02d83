"""`presence` and `presence_stats`: who is on a channel, on all gateways."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog

from access.capabilities import Permission
from domain.errors import OutageError
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.presence.presence_book import PresenceBook
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.commands import PresenceRequest, PresenceStatsRequest
from push_service.gateway.protocol.errors import (
    INTERNAL,
    LIMIT_EXCEEDED,
    NOT_AVAILABLE,
    CommandError,
)
from push_service.gateway.protocol.replies import PresenceResult, PresenceStatsResult
from push_service.gateway.sessions.permission import permitted_channel
from push_service.gateway.sessions.session import Session
from storage.redis import keys

log = structlog.get_logger(__name__)

T = TypeVar("T")


class PresenceCommands:
    """Both of them. 103 where a viewer may not ask, 108 where the channel's kind has no presence, 106 for too many."""

    def __init__(self, rules: ChannelRules, book: PresenceBook, max_clients: int, seconds: float) -> None:
        self._rules = rules
        self._book = book
        self._max_clients = max_clients
        self._seconds = seconds

    def clients(self, session: Session, request: PresenceRequest) -> Awaitable[PresenceResult]:
        """Every connection on a channel."""
        self._check(session, request.channel)
        return self._within(lambda: self._clients(request.channel))

    def stats(self, session: Session, request: PresenceStatsRequest) -> Awaitable[PresenceStatsResult]:
        """How many connections and users are on a channel."""
        self._check(session, request.channel)
        return self._within(lambda: self._stats(request.channel))

    def _check(self, session: Session, name: str) -> None:
        permitted_channel(self._rules, session, Permission.PRS, name)
        if not self._rules.of(name).presence:
            raise CommandError(NOT_AVAILABLE)

    async def _within(self, asked: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._seconds):
                return await asked()
        except (TimeoutError, OutageError) as error:
            log.info("presence not told", reason=str(error) or "too slow")
            raise CommandError(INTERNAL) from error

    async def _clients(self, channel: str) -> PresenceResult:
        found = await self._book.read(keys.presence(channel), self._max_clients)
        if found is None:
            raise CommandError(LIMIT_EXCEEDED)
        return PresenceResult({each.client: msgspec.json.decode(each.value, type=ClientInfo) for each in found})

    async def _stats(self, channel: str) -> PresenceStatsResult:
        counted = await self._book.count(keys.presence(channel))
        return PresenceStatsResult(len(counted.clients), len(counted.users))
