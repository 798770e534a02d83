"""Web Push: encrypted for one browser, and handed to its push service. Sources: RFC 8030, 8291, 8292."""

import time
from contextlib import AsyncExitStack

import aiohttp
import http_ece
import structlog
from aiohttp.resolver import DefaultResolver
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from domain.push_request import PushRequest
from push_service.senders.payloads.shrink import PayloadTooLarge
from push_service.senders.payloads.webpush import webpush_headers, webpush_message
from push_service.senders.posting import post
from push_service.senders.public_resolver import AddressRefused, PublicResolver
from push_service.senders.retry_after import retry_after_seconds
from push_service.senders.sender import Ambiguous, Misconfigured, OurFault, Outcome, Sender, Temporary, TooLarge
from push_service.senders.vapid_tokens import VapidTokens
from push_service.senders.webpush_answers import webpush_outcome
from push_service.senders.webpush_settings import WebPushSettings
from push_service.senders.webpush_subscription import BadSubscription, Subscription, read_subscription

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 5.0
LONGEST_ANSWER = 4 * 1024
"""Bytes."""
_ALWAYS = {
    "Content-Encoding": "aes128gcm",
    "Content-Type": "application/octet-stream",
    "Accept-Encoding": "identity",
}


class WebPushSender:
    """A Sender."""

    def __init__(self, session: aiohttp.ClientSession, tokens: VapidTokens, *, loopback: bool) -> None:
        self._session = session
        self._tokens = tokens
        self._loopback = loopback

    async def send(self, push: PushRequest) -> Outcome:
        """See Sender."""
        try:
            to = read_subscription(push.push_token, loopback=self._loopback)
            body = encrypted(webpush_message(push), to)
        except PayloadTooLarge as error:
            return TooLarge(str(error))
        except (BadSubscription, ValueError) as error:
            return OurFault("bad-subscription", str(error))
        headers = _ALWAYS | webpush_headers(push, time.time_ns() // 1000)
        headers["Authorization"] = self._tokens.header(to.audience)
        return await self._post(to, body, headers)

    async def close(self) -> None:
        """See Sender."""
        await self._session.close()

    async def _post(self, to: Subscription, body: bytes, headers: dict[str, str]) -> Outcome:
        try:
            answer, said = await post(self._session, to.url, body, headers, LONGEST_ANSWER)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
            return Misconfigured("tls", "who answers at the endpoint is not trusted", stops=False)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                return OurFault("address-refused", "the endpoint has no public address")
            return Temporary("cannot-connect")
        except aiohttp.ConnectionTimeoutError:
            return Temporary("cannot-connect")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Ambiguous("connection-broken")
        return webpush_outcome(
            answer.status,
            retry_after_seconds(answer.headers.get("Retry-After")),
            answer.headers.get("Location"),
            answer.content_type,
            said,
        )


def encrypted(message: bytes, to: Subscription) -> bytes:
    """The body for one browser alone: one record, with a key of its own (RFC 8291).

    Raises ValueError: the browser's key is no point of the curve.
    """
    key = generate_private_key(SECP256R1())
    body: bytes = http_ece.encrypt(message, private_key=key, dh=to.key, auth_secret=to.secret)
    return body


async def open_webpush(settings: WebPushSettings, resources: AsyncExitStack) -> Sender:
    """A sender, closed with `resources`. It connects when it first sends."""
    loopback = settings.loopback
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=settings.connections,
            limit_per_host=settings.service_connections,
            keepalive_timeout=60,
            resolver=PublicResolver(DefaultResolver(), loopback=loopback),
        ),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
    sender = WebPushSender(session, VapidTokens(settings.vapid(), settings.subject), loopback=loopback)
    resources.push_async_callback(sender.close)
    log.info("Web Push", public_key=settings.public_key)
    return sender
