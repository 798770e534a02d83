"""`info`: this gateway, as far as it serves the caller's tenant."""

import socket
import time
from collections.abc import Callable

import msgspec

from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest
from push_service.gateway.sessions.session_index import SessionIndex
from push_service.gateway.version import VERSION

_HOST = socket.gethostname()


class InfoRequest(ApiRequest, frozen=True):
    """Takes nothing."""


class NodeInfo(msgspec.Struct, frozen=True):
    """One gateway. What it counts is the tenant's."""

    uid: str
    name: str
    version: str
    num_clients: int
    num_users: int
    num_channels: int
    num_subs: int
    uptime: int
    """Seconds."""


class InfoResult(msgspec.Struct, frozen=True):
    """Each gateway speaks for itself."""

    nodes: list[NodeInfo]


class Info:
    """Counts when it is asked."""

    def __init__(self, sessions: SessionIndex, uid: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`uid` is this process's own."""
        self._sessions = sessions
        self._uid = uid
        self._clock = clock
        self._started = clock()

    async def __call__(self, caller: Caller, _request: InfoRequest) -> InfoResult:
        users: set[tuple[str, str]] = set()
        channels: set[str] = set()
        clients = subscriptions = 0
        for session in self._sessions:
            viewer = session.viewer
            if viewer is None or not caller.opens(viewer.tenant):
                continue
            clients += 1
            users.add((viewer.tenant, viewer.user))
            channels.update(session.subscriptions)
            subscriptions += len(session.subscriptions)
        node = NodeInfo(
            uid=self._uid,
            name=_HOST,
            version=VERSION,
            num_clients=clients,
            num_users=len(users),
            num_channels=len(channels),
            num_subs=subscriptions,
            uptime=int(self._clock() - self._started),
        )
        return InfoResult([node])
