"""`presence`: who is on a channel, on all gateways."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from domain.channels import Channel
from domain.errors import OutageError
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.presence.presence_book import PresenceBook
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.replies import PresenceResult, PresenceStatsResult
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import INTERNAL, NOT_AVAILABLE, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest
from storage.redis import keys

T = TypeVar("T")


class PresenceRequest(ApiRequest, frozen=True):
    """Also of `presence_stats`."""

    channel: str


class Presence:
    """Of channels whose kind has presence: else 108."""

    def __init__(
        self, addressing: Addressing, rules: ChannelRules, book: PresenceBook, max_clients: int, seconds: float
    ) -> None:
        self._addressing = addressing
        self._rules = rules
        self._book = book
        self._max_clients = max_clients
        self._seconds = seconds

    async def clients(self, caller: Caller, request: PresenceRequest) -> PresenceResult:
        """Every connection on the channel, by its id."""
        channel = self._channel(caller, request.channel)
        found = await self._within(self._book.read(keys.presence(str(channel)), self._max_clients))
        if found is None:
            raise ApiError(NOT_AVAILABLE, f"over {self._max_clients} clients: ask presence_stats")
        return PresenceResult({each.client: msgspec.json.decode(each.value, type=ClientInfo) for each in found})

    async def stats(self, caller: Caller, request: PresenceRequest) -> PresenceStatsResult:
        """How many connections and users are on it."""
        channel = self._channel(caller, request.channel)
        counted = await self._within(self._book.count(keys.presence(str(channel))))
        return PresenceStatsResult(len(counted.clients), len(counted.users))

    def _channel(self, caller: Caller, name: str) -> Channel:
        channel = self._addressing.channel(caller, name)
        if not self._rules.of(str(channel)).presence:
            raise ApiError(NOT_AVAILABLE, "channels of this kind have no presence")
        return channel

    async def _within(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._seconds):
                return await answer
        except (TimeoutError, OutageError):
            raise ApiError(INTERNAL, "presence cannot be read now") from None
