"""`publish`: to everybody on a channel, through Kafka, and answered once Kafka has it."""

import asyncio
import time
from collections.abc import Awaitable

import msgspec
import structlog

from access.capabilities import Permission
from backbone.publishing import FailureReason, PublishFailed
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.live_publisher import LivePublisher, NewPublication
from push_service.gateway.presence.attendance import info_of
from push_service.gateway.protocol.commands import PublishRequest
from push_service.gateway.protocol.disconnects import BAD_REQUEST, DisconnectError
from push_service.gateway.protocol.errors import (
    INTERNAL,
    LIMIT_EXCEEDED,
    NOT_AVAILABLE,
    TOO_MANY_REQUESTS,
    CommandError,
)
from push_service.gateway.protocol.payloads import as_json
from push_service.gateway.protocol.replies import PublishResult
from push_service.gateway.sessions.permission import permitted_channel
from push_service.gateway.sessions.session import Session
from runtime.token_bucket import TokenBucket

log = structlog.get_logger(__name__)


class PublishLimits(msgspec.Struct, frozen=True):
    """What one connection may publish; see `GatewaySettings`."""

    max_bytes: int
    per_second: float
    burst: int
    seconds: float


class PublishCommand:
    """Checks and publishes. A foreign, an unknown and a closed channel get the same answer: 103.

    A temporary error (100) leaves open whether it was published, as any lost reply does.
    """

    def __init__(self, rules: ChannelRules, publisher: LivePublisher, limits: PublishLimits) -> None:
        self._rules = rules
        self._publisher = publisher
        self._limits = limits

    def __call__(self, session: Session, request: PublishRequest) -> Awaitable[PublishResult]:
        if not request.data:
            raise DisconnectError(BAD_REQUEST)
        channel = permitted_channel(self._rules, session, Permission.PUB, request.channel)
        if len(request.data) > self._limits.max_bytes:
            raise CommandError(LIMIT_EXCEEDED)
        payload = as_json(request.data)
        self._take_allowance(session)
        info = msgspec.json.encode(info_of(session, request.channel))
        return self._publish(NewPublication(channel, payload, f"client/{session.client}", info=info))

    def _take_allowance(self, session: Session) -> None:
        if session.publishes is None:
            session.publishes = TokenBucket(self._limits.per_second, self._limits.burst)
        if session.publishes.take(1, time.monotonic()) > 0:
            raise CommandError(TOO_MANY_REQUESTS)

    async def _publish(self, publication: NewPublication) -> PublishResult:
        try:
            async with asyncio.timeout(self._limits.seconds):
                (outcome,) = await self._publisher.publish([publication])
        except TimeoutError as error:
            raise CommandError(INTERNAL) from error
        if outcome is None:
            raise CommandError(NOT_AVAILABLE)
        if isinstance(outcome, PublishFailed):
            log.info("publish not acknowledged", reason=outcome.reason, detail=outcome.detail)
            raise CommandError(LIMIT_EXCEEDED if outcome.reason is FailureReason.TOO_LARGE else INTERNAL)
        return PublishResult()
