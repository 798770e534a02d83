"""Carries out orders on the sessions of this gateway."""

import asyncio
from collections.abc import Callable, Iterator

import msgspec
import structlog

from access.revocations import Revocations
from access.viewer import NEVER
from domain.gateway_control import REVOCATIONS, ControlKind, GatewayControl
from domain.instants import Micros
from push_service.gateway.commands.token_desk import seconds_left
from push_service.gateway.control.server_subscribe import ServerSubscribe
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.protocol.disconnects import EXPIRED, FORCED, Disconnect
from push_service.gateway.protocol.pushes import RefreshPush, ServerPush
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.protocol.unsubscribes import BY_SERVER
from push_service.gateway.sessions.evictions import Evictions
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex

log = structlog.get_logger(__name__)


class OrderBook:
    """Takes orders on the event loop, those of the past before there is any session."""

    def __init__(
        self,
        sessions: SessionIndex,
        revocations: Revocations,
        evictions: Evictions,
        expiry: ExpiryWatch,
        subscribe: ServerSubscribe,
        metrics: GatewayMetrics,
        clock: Callable[[], Micros],
    ) -> None:
        self._sessions = sessions
        self._revocations = revocations
        self._evictions = evictions
        self._expiry = expiry
        self._subscribe = subscribe
        self._metrics = metrics
        self._clock = clock
        self._subscribing: set[asyncio.Task[None]] = set()
        self._kinds: dict[ControlKind, Callable[[Session, GatewayControl], None]] = {
            ControlKind.DISCONNECT: self._end,
            ControlKind.SUBSCRIBE: self._begin_subscribe,
            ControlKind.UNSUBSCRIBE: self._unsubscribe,
            ControlKind.REFRESH: self._refresh,
        }

    def take(self, order: GatewayControl) -> None:
        """Carries one out. Never raises: an order that fails must not keep the next from being read."""
        try:
            self._take(order)
        except Exception:
            log.exception("an order failed", kind=order.kind, order=order.id)

    def _take(self, order: GatewayControl) -> None:
        self._metrics.orders.labels(order.kind).inc()
        if order.kind in REVOCATIONS:
            self._revocations.apply(order)
            for session in self._concerned(order):
                self._evictions.check(session)
            return
        carry_out = self._kinds.get(order.kind)
        if carry_out is None:
            return
        for session in self._named(order):
            carry_out(session, order)

    def _concerned(self, order: GatewayControl) -> tuple[Session, ...]:
        if order.kind is ControlKind.REVOKE_TOKEN:
            return self._sessions.of_token(order.tenant, order.token_id or "")
        return self._sessions.of_user(order.tenant, order.user)

    def _named(self, order: GatewayControl) -> Iterator[Session]:
        for session in self._sessions.of_user(order.tenant, order.user):
            if order.client in (None, session.client) and session.client not in order.except_clients:
                yield session

    def _end(self, session: Session, order: GatewayControl) -> None:
        session.disconnect(Disconnect(order.code, order.reason) if order.code else FORCED)

    def _unsubscribe(self, session: Session, order: GatewayControl) -> None:
        self._evictions.unsubscribe(session, order.channel or "", BY_SERVER)

    def _refresh(self, session: Session, order: GatewayControl) -> None:
        assert session.viewer is not None
        expires_at = NEVER if order.expires_at is None else order.expires_at
        if expires_at <= self._clock():
            session.disconnect(EXPIRED)
            return
        session.viewer = msgspec.structs.replace(session.viewer, expires_at=expires_at)
        self._expiry.watch(session)
        ttl = seconds_left(expires_at)
        session.reply(Reply(push=ServerPush(refresh=RefreshPush(expires=ttl > 0, ttl=ttl))))

    def _begin_subscribe(self, session: Session, order: GatewayControl) -> None:
        task = asyncio.ensure_future(self._subscribe.subscribe(session, order))
        self._subscribing.add(task)
        task.add_done_callback(self._subscribing.discard)
