"""The rpc method `snapshot.page`: the rest of a snapshot that is too large for one reply."""

import asyncio

import msgspec

from domain.errors import OutageError
from push_service.gateway.answers.snapshots import SnapshotCache, SnapshotView
from push_service.gateway.protocol.errors import BAD_REQUEST, INTERNAL, PERMISSION_DENIED, CommandError
from push_service.gateway.protocol.replies import RpcResult
from push_service.gateway.sessions.session import Session


class PageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"channel":..., "offset":..., "next":...}`: the last two as the page before gave them."""

    channel: str
    offset: int
    next: str


class SnapshotPage:
    """Gives the page after `next` to a subscriber of the channel, as `{"offset":N,"items":[...],"next":...}`.

    The page may be newer than the one before, and says so by its offset; older it never is. So nothing is missed: what
    changed since the subscribe was pushed as well, and of two states of an entity the client keeps the newer.
    """

    NAME = "snapshot.page"

    def __init__(self, snapshots: SnapshotCache, max_bytes: int, seconds: float) -> None:
        self._snapshots = snapshots
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, session: Session, data: msgspec.Raw) -> RpcResult:
        try:
            request = msgspec.json.decode(data, type=PageRequest)
        except msgspec.MsgspecError:
            raise CommandError(BAD_REQUEST) from None
        try:
            async with asyncio.timeout(self._seconds):
                view = await self._view(session, request)
        except (TimeoutError, OutageError) as error:
            raise CommandError(INTERNAL) from error
        if view is None or view.next_offset < request.offset:
            raise CommandError(INTERNAL)
        return RpcResult(view.page(request.next, self._max_bytes))

    async def _view(self, session: Session, request: PageRequest) -> SnapshotView | None:
        partition = session.subscriptions.get(request.channel)
        if partition is None:
            raise CommandError(PERMISSION_DENIED)
        return await self._snapshots.load(partition.ref, request.channel)
