"""`channels`: the channels that are followed on this gateway, and by how many."""

import fnmatch
import re
from collections import Counter

import msgspec

from push_service.gateway.server_api.errors import BAD_REQUEST, NOT_AVAILABLE, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest
from push_service.gateway.sessions.session_index import SessionIndex

MAX_PATTERN = 256
MAX_CHANNELS = 10_000


class ChannelsRequest(ApiRequest, frozen=True):
    """`pattern` as of a shell: `*`, `?`, `[...]`; empty: all."""

    pattern: str = ""


class ChannelInfo(msgspec.Struct, frozen=True):
    """One channel."""

    num_clients: int


class ChannelsResult(msgspec.Struct, frozen=True):
    """By name."""

    channels: dict[str, ChannelInfo]


class Channels:
    """What connections of the caller's tenant follow; nobody learns what others do."""

    def __init__(self, sessions: SessionIndex) -> None:
        self._sessions = sessions

    async def __call__(self, caller: Caller, request: ChannelsRequest) -> ChannelsResult:
        if len(request.pattern) > MAX_PATTERN:
            raise ApiError(BAD_REQUEST, f"a pattern has at most {MAX_PATTERN} characters")
        wanted = re.compile(fnmatch.translate(request.pattern or "*"))
        followed: Counter[str] = Counter()
        for session in self._sessions:
            if session.viewer is not None and caller.opens(session.viewer.tenant):
                followed.update(session.subscriptions.keys())
        channels = {name: ChannelInfo(count) for name, count in followed.items() if wanted.match(name)}
        if len(channels) > MAX_CHANNELS:
            raise ApiError(NOT_AVAILABLE, f"over {MAX_CHANNELS} channels: ask with a narrower pattern")
        return ChannelsResult(channels)
