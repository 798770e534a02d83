"""FCM over HTTP v1."""

import time
from contextlib import AsyncExitStack

import aiohttp
from aiohttp import hdrs
from yarl import URL

from domain.push_request import PushRequest
from push_service.senders.fcm_answers import UNAUTHENTICATED, fcm_outcome
from push_service.senders.fcm_settings import FcmSettings
from push_service.senders.google_tokens import AccessTokens, CredentialsRefused, TokenUnavailable
from push_service.senders.payloads.fcm import fcm_body
from push_service.senders.payloads.shrink import PayloadTooLarge
from push_service.senders.posting import post
from push_service.senders.retry_after import retry_after_seconds
from push_service.senders.sender import Ambiguous, Misconfigured, Outcome, Sender, Temporary, TooLarge

CONNECT_SECONDS = 5.0
LONGEST_ANSWER = 64 * 1024
"""Bytes: more than FCM's ever are."""


class FcmSender:
    """A Sender."""

    def __init__(self, session: aiohttp.ClientSession, tokens: AccessTokens, url: str) -> None:
        self._session = session
        self._tokens = tokens
        self._url = URL(url)

    async def send(self, push: PushRequest) -> Outcome:
        """See Sender."""
        try:
            body = fcm_body(push, time.time_ns() // 1000)
        except PayloadTooLarge as error:
            return TooLarge(str(error))
        try:
            token = await self._tokens.token()
            outcome = await self._post(body, token)
            if isinstance(outcome, Misconfigured) and outcome.reason == UNAUTHENTICATED:
                outcome = await self._post(body, await self._tokens.renewed(token))
        except CredentialsRefused as error:
            return Misconfigured("credentials-refused", str(error))
        except TokenUnavailable:
            return Temporary("no-access-token")
        return outcome

    async def close(self) -> None:
        """See Sender."""
        await self._session.close()
        await self._tokens.close()

    async def _post(self, body: bytes, token: str) -> Outcome:
        headers: dict[str, str] = {hdrs.AUTHORIZATION: f"Bearer {token}"}
        try:
            answer, said = await post(self._session, self._url, body, headers, LONGEST_ANSWER)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
            return Misconfigured("tls", "who answers at FCM's address is not FCM, or not trusted")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Temporary("cannot-connect")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Ambiguous("connection-broken")
        return fcm_outcome(answer.status, retry_after_seconds(answer.headers.get("Retry-After")), said)


async def open_fcm(settings: FcmSettings, resources: AsyncExitStack) -> Sender:
    """A sender, closed with `resources`. It connects when it first sends."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=settings.connections, keepalive_timeout=60),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={hdrs.CONTENT_TYPE: "application/json"},
    )
    sender = FcmSender(session, AccessTokens(settings.account()), settings.send_url)
    resources.push_async_callback(sender.close)
    return sender
