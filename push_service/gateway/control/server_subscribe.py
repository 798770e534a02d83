"""Subscribes sessions to a channel that they did not ask for."""

import msgspec
import structlog

from domain.gateway_control import GatewayControl
from push_service.gateway.answers.recovery import Recovery, Wanted
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.protocol.commands import NO_DATA, SubscribeRequest
from push_service.gateway.protocol.errors import CommandError
from push_service.gateway.protocol.pushes import ServerPush, SubscribePush
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.reading.feed_table import FeedTable
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.subscriptions import Subscriptions

log = structlog.get_logger(__name__)


class ServerSubscribe:
    """As if the client had asked, and been permitted; what would be the reply's is in the push."""

    def __init__(
        self,
        rules: ChannelRules,
        feeds: FeedTable,
        recovery: Recovery,
        subscriptions: Subscriptions,
        max_subscriptions: int,
    ) -> None:
        self._rules = rules
        self._feeds = feeds
        self._recovery = recovery
        self._subscriptions = subscriptions
        self._max_subscriptions = max_subscriptions

    async def subscribe(self, session: Session, order: GatewayControl) -> None:
        """Does nothing for a session that follows the channel already, or has all the subscriptions it may have."""
        channel = self._rules.parse(order.channel or "")
        ref = None if channel is None else self._feeds.ref_of(channel)
        if channel is None or ref is None or not self._has_room(session, str(channel)):
            return
        name = str(channel)
        wanted = Wanted(self._feeds.hold(ref), self._rules.of(name), SubscribeRequest(channel=name))
        attempt = session.subscribing[name] = object()
        joined = False
        try:
            result = self._recovery.now(wanted) or await self._recovery.soon(wanted)
            joined = session.subscribing.get(name) is attempt and not session.closed
        except CommandError as error:
            log.info("a subscribe by the server API failed", client=session.client, code=error.error.code)
        finally:
            if session.subscribing.get(name) is attempt:
                del session.subscribing[name]
            if not joined:
                self._feeds.release(wanted.partition)
        if joined:
            self._subscriptions.join(session, name, wanted.partition)
            data = result.data if order.data is None else msgspec.Raw(order.data)
            push = SubscribePush(
                recoverable=result.recoverable,
                epoch=result.epoch,
                offset=result.offset,
                positioned=result.positioned,
                data=NO_DATA if data is None else data,
            )
            session.reply(Reply(push=ServerPush(channel=name, subscribe=push)))

    def _has_room(self, session: Session, name: str) -> bool:
        taken = len(session.subscriptions) + len(session.subscribing)
        known = name in session.subscriptions or name in session.subscribing
        return not session.closed and not known and taken < self._max_subscriptions
