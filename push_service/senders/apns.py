"""APNs over HTTP/2 with a provider token."""

import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from aioapns.common import NotificationRequest, PushType
from aioapns.exceptions import ConnectionClosed
from h2.exceptions import ProtocolError

from domain.installation import ApnsEnvironment
from domain.instants import SECOND
from domain.notification import Priority
from domain.push_request import PushRequest
from push_service.senders.apns_answers import BAD_DEVICE_TOKEN, EXPIRED_PROVIDER_TOKEN, TOO_MANY_TOKENS, apns_outcome
from push_service.senders.apns_pool import ApnsPool, CannotConnect, NotTrusted
from push_service.senders.apns_settings import ApnsSettings
from push_service.senders.apns_token import ProviderToken
from push_service.senders.payloads.apns import apns_message
from push_service.senders.payloads.shown_as import shown_as
from push_service.senders.payloads.shrink import LIMIT, PayloadTooLarge
from push_service.senders.retry_after import retry_after_seconds
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    Outcome,
    Sender,
    Temporary,
    TooLarge,
    Unregistered,
)

_OTHER = {
    ApnsEnvironment.PRODUCTION: ApnsEnvironment.SANDBOX,
    ApnsEnvironment.SANDBOX: ApnsEnvironment.PRODUCTION,
}


class _Said(NamedTuple):
    outcome: Outcome
    header: str
    """The `authorization` that was sent."""


class ApnsSender:
    """A Sender."""

    def __init__(self, pools: Mapping[ApnsEnvironment, ApnsPool], token: ProviderToken, topics: Sequence[str]) -> None:
        self._pools = pools
        self._token = token
        self._topics = topics

    async def send(self, push: PushRequest) -> Outcome:
        """See Sender."""
        try:
            message = apns_message(push)
        except PayloadTooLarge as error:
            return TooLarge(str(error))
        if push.environment is not None:
            return await self._to(ApnsEnvironment(push.environment), push, message)
        return await self._to_either(push, message)

    async def close(self) -> None:
        """See Sender."""
        for pool in self._pools.values():
            pool.close()

    async def _to_either(self, push: PushRequest, message: dict[str, object]) -> Outcome:
        """Nobody knows yet which service knows the push token: the other one is tried once."""
        first = ApnsEnvironment.PRODUCTION
        outcome = await self._to(first, push, message)
        if isinstance(outcome, Unregistered) and outcome.reason == BAD_DEVICE_TOKEN:
            second = _OTHER[first]
            outcome = await self._to(second, push, message)
            first = second
        if isinstance(outcome, Accepted):
            return Accepted(outcome.provider_id, first)
        return outcome

    async def _to(self, environment: ApnsEnvironment, push: PushRequest, message: dict[str, object]) -> Outcome:
        said = await self._call(environment, push, message)
        match said.outcome:
            case Misconfigured(reason=reason) if reason == EXPIRED_PROVIDER_TOKEN and self._token.expired(said.header):
                return (await self._call(environment, push, message)).outcome
            case Temporary(reason=reason) if reason == TOO_MANY_TOKENS:
                self._token.too_many()
        return said.outcome

    async def _call(self, environment: ApnsEnvironment, push: PushRequest, message: dict[str, object]) -> _Said:
        header = self._token.get_header()
        try:
            connection = await self._pools[environment].connection()
        except NotTrusted as error:
            return _Said(Misconfigured("tls", str(error)), header)
        except CannotConnect:
            return _Said(Temporary("cannot-connect"), header)
        topic = push.app if push.app is not None and push.app in self._topics else self._topics[0]
        try:
            answer = await connection.send(_request(push, message, topic), LIMIT)
        except (ConnectionClosed, ProtocolError, OSError):
            # Also a GOAWAY: what was under way may have been taken.
            connection.retire()
            return _Said(Ambiguous("connection-broken"), header)
        except BaseException:
            connection.retire()  # given up for want of an answer: perhaps nobody is there any more
            raise
        status = int(answer.status)
        if status >= 500:
            connection.retire()
        retry_after = retry_after_seconds(answer.retry_after)
        return _Said(apns_outcome(status, retry_after, answer.notification_id, answer.body), header)


def _request(push: PushRequest, message: dict[str, object], topic: str) -> NotificationRequest:
    """A new `apns-id` each time: what makes a repeat harmless is the collapse id."""
    content = push.content
    return NotificationRequest(
        device_token=push.push_token,
        message=message,
        time_to_live=max(1, content.expires_at // SECOND - int(time.time())),
        priority=10 if content.priority == Priority.HIGH else 5,
        collapse_key=shown_as(push),
        push_type=PushType.ALERT,
        apns_topic=topic,
    )


async def open_apns(settings: ApnsSettings, resources: AsyncExitStack) -> Sender:
    """A sender, closed with `resources`. It connects when it first sends."""
    token = ProviderToken(settings.key.get_secret_value(), settings.key_id, settings.team_id)
    trust = ssl.create_default_context(cadata=settings.ca)
    trust.set_alpn_protocols(["h2"])
    addresses = {ApnsEnvironment.PRODUCTION: settings.production, ApnsEnvironment.SANDBOX: settings.sandbox}
    pools = {
        environment: ApnsPool(address, settings.topics[0], token, trust, settings.connections)
        for environment, address in addresses.items()
    }
    sender = ApnsSender(pools, token, settings.topics)
    resources.push_async_callback(sender.close)
    return sender
