"""The rpc method `ack`: the app has the notifications, so they need not be pushed."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated

import msgspec

from access.viewer import Viewer
from domain.delivery_step import PushReceipt, Step
from domain.errors import OutageError
from domain.ids import derived_id, is_id
from domain.instants import Micros
from push_service.gateway.notices.acks import Acks
from push_service.gateway.protocol.errors import BAD_REQUEST, INTERNAL, PERMISSION_DENIED, CommandError
from push_service.gateway.protocol.replies import RpcResult
from push_service.gateway.sessions.session import Session
from runtime.fail_points import Reached, never
from storage.push_decisions import NoticeKey

MAX_IDS = 500
_PREVENTED = "push-prevented"
"""Outcome: a push that was still open is not made."""


class AckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"ids": [...]}`."""

    ids: Annotated[list[str], msgspec.Meta(max_length=MAX_IDS)]


class AckMethod:
    """Gives `{"acked": [...]}`, those that there are, once PostgreSQL has it; a temporary error (100) when it has not.

    To acknowledge again changes nothing. Others' notifications are answered as those that there are not.
    """

    NAME = "ack"

    def __init__(
        self,
        acks: Acks,
        tell: Callable[[PushReceipt], None],
        node: str,
        seconds: float,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1_000,
        reached: Reached = never,
    ) -> None:
        """`node`: this gateway's name; `seconds`: what PostgreSQL may take."""
        self._acks = acks
        self._tell = tell
        self._node = node
        self._seconds = seconds
        self._clock = clock
        self._reached = reached

    async def __call__(self, session: Session, data: msgspec.Raw) -> RpcResult:
        viewer = session.viewer
        if viewer is None or not viewer.user:
            raise CommandError(PERMISSION_DENIED)
        keys = [NoticeKey(viewer.tenant, viewer.user, each) for each in dict.fromkeys(_ids(data))]
        if not keys:
            return RpcResult(msgspec.Raw(b'{"acked":[]}'))
        try:
            async with asyncio.timeout(self._seconds):
                acked = await self._acks.ack(keys)
        except (TimeoutError, OutageError) as error:
            raise CommandError(INTERNAL) from error
        self._reached("gateway.acked")
        found = [key for key in keys if key in acked.prevented or key in acked.others]
        for key in found:
            self._tell(self._receipt(session, viewer, key, prevented=key in acked.prevented))
        return RpcResult(msgspec.Raw(msgspec.json.encode({"acked": [key.id for key in found]})))

    def _receipt(self, session: Session, viewer: Viewer, key: NoticeKey, *, prevented: bool) -> PushReceipt:
        return PushReceipt(
            id=derived_id(f"{viewer.tenant}/{viewer.user}/{key.id}/{session.client}", "receipt.acked"),
            notification=key.id,
            tenant=viewer.tenant,
            user=viewer.user,
            step=Step.ACKED,
            at=self._clock(),
            outcome=_PREVENTED if prevented else None,
            gateway=self._node,
            client=session.client,
        )


def _ids(data: msgspec.Raw) -> list[str]:
    try:
        ids = msgspec.json.decode(data, type=AckRequest).ids
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise CommandError(BAD_REQUEST) from None
    if not all(is_id(each) for each in ids):
        raise CommandError(BAD_REQUEST)
    return ids
