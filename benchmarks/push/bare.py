"""The limit: the same HTTP client in a loop, with requests that were built before. It looks at the status alone."""

import asyncio
import itertools
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

import aiohttp
from aioapns.common import NotificationRequest, PushType
from aioapns.connection import APNsTLSClientProtocol
from yarl import URL

from domain.push_request import PushRequest
from push_service.senders.apns_settings import ApnsSettings
from push_service.senders.apns_token import ProviderToken
from push_service.senders.aws_credentials import credentials_of
from push_service.senders.aws_signature import Signer
from push_service.senders.fcm_settings import FcmSettings
from push_service.senders.google_tokens import AccessTokens
from push_service.senders.payloads.apns import apns_message
from push_service.senders.payloads.fcm import fcm_body
from push_service.senders.payloads.shown_as import shown_as
from push_service.senders.payloads.sns import sns_message
from push_service.senders.payloads.webpush import webpush_headers, webpush_message
from push_service.senders.sns_wire import VERSION, form
from push_service.senders.webpush import encrypted
from push_service.senders.webpush_subscription import Subscription, read_subscription
from push_service.sns.settings import SnsSettings
from runtime.settings import Section, load_sections

One = Callable[[], Awaitable[None]]
"""Sends the next request, and waits for its answer."""
_S = TypeVar("_S", bound=Section)


class Request:
    """What is posted; `body` is called for each, and `headers` with it."""

    def __init__(self, url: URL, headers: Callable[[bytes], Mapping[str, str]], body: Callable[[], bytes]) -> None:
        self.url, self.headers, self.body = url, headers, body


def settings_of(section: type[_S], environ: Mapping[str, str]) -> _S:
    """A section of the environment that `fakes` gives."""
    start = f"FLEETCAST_{section.section_name}_"
    given = {name: value for name, value in environ.items() if name.startswith(start)}
    return load_sections(section, environ=given)[section]


async def bare_fcm(environ: Mapping[str, str], pushes: Sequence[PushRequest], resources: AsyncExitStack) -> One:
    """aiohttp."""
    settings = settings_of(FcmSettings, environ)
    tokens = AccessTokens(settings.account())
    resources.push_async_callback(tokens.close)
    headers = {"Authorization": f"Bearer {await tokens.token()}", "Content-Type": "application/json"}
    url, now = URL(settings.send_url), time.time_ns() // 1000
    return await _posting([_prepared(url, headers, fcm_body(push, now)) for push in pushes], resources)


class _Connection(APNsTLSClientProtocol):
    INACTIVITY_TIME = 600  # else it ends while the other side has its turn


async def bare_signing(environ: Mapping[str, str], pushes: Sequence[PushRequest], resources: AsyncExitStack) -> One:
    """aiohttp, and the signature without which SNS takes nothing."""
    settings = settings_of(SnsSettings, environ)
    signer, key = Signer(settings.address, settings.region, "sns"), await credentials_of(settings).key()
    url = URL(settings.address)
    requests = [Request(url, lambda body: signer.headers(key, body), _returning(each)) for each in _forms(pushes)]
    return await _posting(requests, resources)


async def bare_sns(environ: Mapping[str, str], pushes: Sequence[PushRequest], resources: AsyncExitStack) -> One:
    """aiohttp."""
    settings = settings_of(SnsSettings, environ)
    signer, key = Signer(settings.address, settings.region, "sns"), await credentials_of(settings).key()
    requests = [_prepared(URL(settings.address), signer.headers(key, body), body) for body in _forms(pushes)]
    return await _posting(requests, resources)


async def bare_webpush(_environ: Mapping[str, str], pushes: Sequence[PushRequest], resources: AsyncExitStack) -> One:
    """aiohttp."""
    return await _posting(
        [_prepared(to.url, headers, encrypted(text, to)) for to, headers, text in _told(pushes)], resources
    )


async def bare_encrypting(_environ: Mapping[str, str], pushes: Sequence[PushRequest], resources: AsyncExitStack) -> One:
    """aiohttp, and the encryption that every message needs anew (RFC 8291)."""

    def encrypting(text: bytes, to: Subscription) -> Callable[[], bytes]:
        return lambda: encrypted(text, to)

    requests = [Request(to.url, _always(headers), encrypting(text, to)) for to, headers, text in _told(pushes)]
    return await _posting(requests, resources)


async def bare_apns(environ: Mapping[str, str], pushes: Sequence[PushRequest], resources: AsyncExitStack) -> One:
    """aioapns: one connection as the library has it, without its pool."""
    settings = settings_of(ApnsSettings, environ)
    trust = ssl.create_default_context(cadata=settings.ca)
    trust.set_alpn_protocols(["h2"])
    token = ProviderToken(settings.key.get_secret_value(), settings.key_id, settings.team_id)
    host, _, port = settings.production.partition(":")
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: _Connection(settings.topics[0], auth_provider=token), host, int(port), ssl=trust
    )
    resources.callback(connection.close)
    following = itertools.cycle([(push, apns_message(push)) for push in pushes])

    async def one() -> None:
        push, message = next(following)
        request = NotificationRequest(
            device_token=push.push_token,
            message=message,
            time_to_live=3_600,
            priority=10,
            collapse_key=shown_as(push),
            push_type=PushType.ALERT,
        )
        answer = await connection.send_notification(request)
        assert answer.is_successful, answer.description

    return one


def _told(pushes: Sequence[PushRequest]) -> list[tuple[Subscription, dict[str, str], bytes]]:
    now = time.time_ns() // 1000
    always = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Accept-Encoding": "identity",
        "Authorization": "x" * 300,
    }
    return [
        (
            read_subscription(push.push_token, loopback=True),
            always | webpush_headers(push, now),
            webpush_message(push),
        )
        for push in pushes
    ]


def _prepared(url: URL, headers: Mapping[str, str], body: bytes) -> Request:
    return Request(url, _always(headers), _returning(body))


def _always(headers: Mapping[str, str]) -> Callable[[bytes], Mapping[str, str]]:
    return lambda _body: headers


def _returning(body: bytes) -> Callable[[], bytes]:
    return lambda: body


def _forms(pushes: Sequence[PushRequest]) -> list[bytes]:
    now = time.time_ns() // 1000
    return [
        form({"Action": "Publish", "Version": VERSION, "TargetArn": push.push_token, **sns_message(push, "GCM", now)})
        for push in pushes
    ]


async def _posting(requests: Sequence[Request], resources: AsyncExitStack) -> One:
    session = await resources.enter_async_context(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100, keepalive_timeout=60),  # as the senders'
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=5.0),
        )
    )
    following = itertools.cycle(requests)

    async def one() -> None:
        request = next(following)
        body = request.body()
        headers = request.headers(body)
        async with session.post(request.url, data=body, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            assert answer.status in (200, 201), answer.status

    return one
