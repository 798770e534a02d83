"""`subscribe`: follow a channel, from its state now or from where the client left off."""

from collections.abc import Awaitable
from typing import NamedTuple

import msgspec

from access.subscription_grant import SubscriptionGrant
from backbone.partition_ref import PartitionRef
from push_service.gateway.answers.recovery import Recovery, Wanted
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.channels.tag_filter import tag_filter
from push_service.gateway.commands.admission import Admission
from push_service.gateway.delivery.tailoring import FOSSIL, Tailoring
from push_service.gateway.metrics import GatewayMetrics, SubscribeOutcome
from push_service.gateway.protocol.commands import STREAM, SubscribeRequest
from push_service.gateway.protocol.disconnects import BAD_REQUEST, DisconnectError
from push_service.gateway.protocol.errors import (
    ALREADY_SUBSCRIBED,
    LIMIT_EXCEEDED,
    NOT_AVAILABLE,
    CommandError,
)
from push_service.gateway.protocol.json_codec import JsonCodec
from push_service.gateway.protocol.replies import SubscribeResult
from push_service.gateway.reading.feed_table import FeedTable
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.subscriptions import Subscriptions


class Terms(NamedTuple):
    """On what a session follows a channel."""

    grant: SubscriptionGrant | None
    tailoring: Tailoring | None


class SubscribeCommand:
    """Checks, answers, joins. A foreign and an unknown channel get the same answer: 103."""

    def __init__(
        self,
        rules: ChannelRules,
        admission: Admission,
        feeds: FeedTable,
        recovery: Recovery,
        subscriptions: Subscriptions,
        max_subscriptions: int,
        metrics: GatewayMetrics,
    ) -> None:
        self._rules = rules
        self._admission = admission
        self._feeds = feeds
        self._recovery = recovery
        self._subscriptions = subscriptions
        self._max_subscriptions = max_subscriptions
        self._metrics = metrics

    def __call__(
        self, session: Session, request: SubscribeRequest
    ) -> SubscribeResult | Awaitable[SubscribeResult | None]:
        tailoring = self._tailoring(session, request)
        ref, grant = self._permitted(session, request)
        wanted = Wanted(self._feeds.hold(ref), self._rules.of(request.channel), request)
        try:
            result = self._recovery.now(wanted)
        except CommandError:
            self._feeds.release(wanted.partition)
            self._metrics.subscribe(SubscribeOutcome.UNAVAILABLE)
            raise
        if result is not None:
            return self._join(session, wanted, Terms(grant, tailoring), result)
        attempt = object()
        session.subscribing[wanted.channel] = attempt
        return self._soon(session, wanted, Terms(grant, tailoring), attempt)

    def _tailoring(self, session: Session, request: SubscribeRequest) -> Tailoring | None:
        """None if the client gets what all get. Raises CommandError 107."""
        if request.delta == "" and request.tf is None:
            return None
        delta = request.delta == FOSSIL and self._rules.deltas(request.channel)
        matches = None if request.tf is None else tag_filter(request.tf)
        if not delta and matches is None:
            return None
        return Tailoring(matches, delta=delta, text=isinstance(session.transport.codec, JsonCodec))

    def _permitted(self, session: Session, request: SubscribeRequest) -> tuple[PartitionRef, SubscriptionGrant | None]:
        """Where the channel is read, if the session may subscribe to it now, and by what token. Raises CommandError."""
        name = request.channel
        if not name:
            raise DisconnectError(BAD_REQUEST)
        try:
            channel, grant = self._admission.admitted(session, name, request.token)
        except CommandError:
            self._metrics.subscribe(SubscribeOutcome.DENIED)
            raise
        ref = self._feeds.ref_of(channel)
        if name in session.subscriptions or name in session.subscribing:
            problem = ALREADY_SUBSCRIBED
        elif len(session.subscriptions) + len(session.subscribing) >= self._max_subscriptions:
            problem = LIMIT_EXCEEDED
        elif ref is None or request.type != STREAM:
            problem = NOT_AVAILABLE
        else:
            return ref, grant
        self._metrics.subscribe(SubscribeOutcome.REFUSED)
        raise CommandError(problem)

    async def _soon(self, session: Session, wanted: Wanted, terms: Terms, attempt: object) -> SubscribeResult | None:
        result = None
        try:
            result = await self._recovery.soon(wanted)
        except CommandError:
            self._metrics.subscribe(SubscribeOutcome.UNAVAILABLE)
            raise
        finally:
            current = session.subscribing.get(wanted.channel) is attempt
            if current:
                del session.subscribing[wanted.channel]
            if result is None or not current:
                self._feeds.release(wanted.partition)
        if not current:
            # The client unsubscribed, or went away.
            self._metrics.subscribe(SubscribeOutcome.ABANDONED)
            return None
        try:
            self._admission.recheck(session, wanted.channel, terms.grant)
        except CommandError:
            self._feeds.release(wanted.partition)
            self._metrics.subscribe(SubscribeOutcome.DENIED)
            raise
        return self._join(session, wanted, terms, result)

    def _join(self, session: Session, wanted: Wanted, terms: Terms, result: SubscribeResult) -> SubscribeResult:
        tailoring = terms.tailoring
        if terms.grant is not None:
            result = self._admission.keep(session, terms.grant, result)
        if tailoring is not None:
            fitting = tailoring.fit(result.publications)
            result = msgspec.structs.replace(result, publications=fitting, delta=tailoring.delta)
        self._subscriptions.join(
            session,
            wanted.channel,
            wanted.partition,
            joins=wanted.request.join_leave,
            tailoring=tailoring,
            missed=result.publications,
        )
        if result.recovered:
            outcome = SubscribeOutcome.RECOVERED
        elif result.was_recovering:
            outcome = SubscribeOutcome.NOT_RECOVERED
        else:
            outcome = SubscribeOutcome.SNAPSHOT
        self._metrics.subscribe(outcome)
        return result
