"""`history`: what a channel still holds."""

from typing import NoReturn

import msgspec

from push_service.gateway.answers.channel_history import ChannelHistory, Page
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.protocol.commands import StreamPosition
from push_service.gateway.protocol.errors import CommandError
from push_service.gateway.protocol.replies import HistoryResult
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import NOT_AVAILABLE, ApiError, ApiErrorBody
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position."""

    offset: int = 0
    epoch: str = ""


class HistoryRequest(ApiRequest, frozen=True):
    """Which channel, and which part of its history."""

    channel: str
    limit: int = 0
    """Most publications: 0 asks for the position only, below 0 for as many as fit into a reply."""
    since: Since | None = None
    reverse: bool = False


class History:
    """As clients get it."""

    def __init__(self, addressing: Addressing, rules: ChannelRules, history: ChannelHistory) -> None:
        self._addressing = addressing
        self._rules = rules
        self._history = history

    async def __call__(self, caller: Caller, request: HistoryRequest) -> HistoryResult:
        channel = self._addressing.channel(caller, request.channel)
        since = None if request.since is None else StreamPosition(request.since.offset, request.since.epoch)
        page = Page(request.limit, since, request.reverse)
        try:
            return await self._history.read(channel, self._rules.of(str(channel)), page)
        except CommandError as refused:
            raise ApiError(ApiErrorBody(refused.error.code, refused.error.message)) from None


class HistoryRemoveRequest(ApiRequest, frozen=True):
    """Which channel."""

    channel: str


class HistoryRemove:
    """`history_remove`: 108. Records in Kafka end with their time, and other channels share them."""

    def __init__(self, addressing: Addressing) -> None:
        self._addressing = addressing

    async def __call__(self, caller: Caller, request: HistoryRemoveRequest) -> NoReturn:
        self._addressing.channel(caller, request.channel)
        raise ApiError(NOT_AVAILABLE, "history ends with its time, and cannot be removed before")
