"""Web Push: what a browser decrypts, what each answer means, and that nobody has us send where he likes."""

import email.utils
import ipaddress
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import jwt
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from devstack.ports import free_port
from domain.instants import SECOND
from push_service.senders.payloads.webpush import webpush_message
from push_service.senders.providers import OPENINGS
from push_service.senders.public_resolver import AddressRefused, PublicResolver, is_public
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    OurFault,
    Outcome,
    Scope,
    Sender,
    Temporary,
    Throttled,
    TooLarge,
    Unregistered,
)
from push_service.senders.vapid_tokens import LIFE, MOST_SERVICES, VapidTokens
from push_service.senders.webpush import open_webpush
from push_service.senders.webpush_settings import WebPushSettings
from runtime.settings import SettingsError, load_sections
from tests.senders.push_service import Browser, PushService, Said, raw, serve, subscription, text
from tests.senders.pushes import content, now, push

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SUBJECT = "mailto:ops@example.com"
HTML = "<!DOCTYPE html><html><title>Proxy</title>"


def settings(**changes: object) -> WebPushSettings:
    return WebPushSettings.model_validate({"key": PEM, "subject": SUBJECT, "loopback": True, **changes})


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    service = PushService(settings().public_key)
    runner = await serve(service)
    yield service
    await runner.cleanup()


@pytest.fixture
def browser(service: PushService) -> Browser:
    return service.subscribe()


@pytest.fixture
async def resources() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as resources:
        yield resources


@pytest.fixture
async def webpush(resources: AsyncExitStack) -> Sender:
    return await open_webpush(settings(), resources)


ROWS: dict[str, tuple[Said, Outcome | type[Outcome]]] = {
    "created": (Said(201), Accepted(None)),
    "taken for later": (Said(202), Accepted(None)),
    "ok": (Said(200), Accepted(None)),
    "gone": (Said(410, "unsubscribed"), Unregistered("gone")),
    "not found": (Said(404, '{"errno": 102}'), Unregistered("not-found", doubtful=True)),
    "too large": (Said(413), TooLarge),
    "too many": (Said(429), Throttled("http-429", 60.0, Scope.DEVICE)),
    "too many, and when": (Said(429, headers={"Retry-After": "7"}), Throttled("http-429", 7.0, Scope.DEVICE)),
    "unauthorized": (Said(401), Misconfigured),
    "forbidden": (Said(403, '{"reason": "BadJwtToken"}'), Misconfigured),
    "another key": (Said(400, '{"reason": "VapidPkHashMismatch"}'), Misconfigured),
    "bad request": (Said(400, '{"error": "Bad Request"}'), OurFault("Bad Request", "the push service answers 400")),
    "redirect": (Said(307, headers={"Location": "/elsewhere"}), Misconfigured),
    "down": (Said(503, headers={"Retry-After": "9"}), Temporary("http-503", 9.0)),
    "bad gateway": (Said(502, HTML, {"Content-Type": "text/html"}), Temporary("http-502")),
    "a page that says ok": (Said(200, HTML, {"Content-Type": "text/html"}), Misconfigured),
    "a page that says not found": (Said(404, HTML), Misconfigured),
    "a page that says gone": (Said(410, HTML, {"Content-Type": "text/html"}), Misconfigured),
}


@pytest.mark.parametrize(("said", "expected"), ROWS.values(), ids=list(ROWS))
async def test_each_answer_is_the_outcome_of_its_row(
    service: PushService, browser: Browser, webpush: Sender, said: Said, expected: Outcome | type[Outcome]
) -> None:
    service.planned.append(said)

    outcome = await webpush.send(push("webpush", push_token=browser.push_token))

    if isinstance(expected, type):
        assert isinstance(outcome, expected)
    else:
        assert outcome == expected
    assert not isinstance(outcome, Misconfigured) or not outcome.stops
    assert service.requests == 1


async def test_the_browser_alone_reads_what_it_is_told(browser: Browser, webpush: Sender) -> None:
    told = content(data=b'{"order":{"n":1}}', about="acme/order/A-1")

    outcome = await webpush.send(push("webpush", push_token=browser.push_token, id="n-1", told=told))

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id
    assert browser.shown == [
        {
            "id": "n-1",
            "type": "order_status",
            "title": "Order A-1001",
            "body": "is loaded",
            "tag": "n-1",
            "about": "acme/order/A-1",
            "data": {"order": {"n": 1}},
        }
    ]
    assert b"Order" not in browser.bodies[0]


async def test_every_message_has_a_key_of_its_own(browser: Browser, webpush: Sender) -> None:
    request = push("webpush", push_token=browser.push_token)

    await webpush.send(request)
    await webpush.send(request)

    one, other = browser.bodies
    assert one[:16] != other[:16]  # the salt
    assert one[21:86] != other[21:86]  # our public key


async def test_headers_say_how_long_how_urgent_and_what_is_replaced(browser: Browser, webpush: Sender) -> None:
    matched = content(expires_at=now() + 90 * SECOND, match_key="order/A-1", match_version=1)
    for told in (matched, matched, content(priority="normal", expires_at=now() + 10**14)):
        await webpush.send(push("webpush", push_token=browser.push_token, told=told))

    first, second, third = browser.headers
    assert int(first["TTL"]) == pytest.approx(90, abs=3)
    assert (first["Urgency"], third["Urgency"]) == ("high", "normal")
    assert first["Topic"] == second["Topic"] != third["Topic"]
    assert len(raw(first["Topic"])) == 24
    assert third["TTL"] == "2419200"
    assert first["Content-Encoding"] == "aes128gcm"


async def test_the_longest_message_is_4096_bytes_encrypted(browser: Browser, webpush: Sender) -> None:
    told = content(body="\N{EURO SIGN}" * 4_000, data=b'{"a":1}')

    assert isinstance(await webpush.send(push("webpush", push_token=browser.push_token, told=told)), Accepted)

    (shown,) = browser.shown
    assert shown["shortened"] is True
    assert "data" not in shown
    assert 4_000 < len(browser.bodies[0]) <= 4_096


async def test_what_cannot_be_shrunk_is_not_sent(service: PushService, browser: Browser, webpush: Sender) -> None:
    request = push("webpush", push_token=browser.push_token, told=content(about="x" * 5_000))

    assert isinstance(await webpush.send(request), TooLarge)
    assert service.requests == 0


async def test_a_subscription_made_with_another_key_is_kept(service: PushService, resources: AsyncExitStack) -> None:
    another = ec.generate_private_key(ec.SECP256R1())
    bare = text(another.private_numbers().private_value.to_bytes(32, "big"))
    webpush = await open_webpush(settings(key=bare), resources)

    outcome = await webpush.send(push("webpush", push_token=service.subscribe().push_token))

    assert isinstance(outcome, Misconfigured)
    assert (outcome.reason, outcome.stops) == ("BadJwtToken", False)


async def test_retry_after_may_be_a_date(service: PushService, browser: Browser, webpush: Sender) -> None:
    service.planned.append(Said(429, headers={"Retry-After": email.utils.formatdate(time.time() + 120, usegmt=True)}))

    outcome = await webpush.send(push("webpush", push_token=browser.push_token))

    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == pytest.approx(120, abs=3)


async def test_a_connection_that_breaks_leaves_ambiguity_and_one_that_is_refused_does_not(
    service: PushService, browser: Browser, webpush: Sender
) -> None:
    service.planned.append(Said(0, breaks=True))
    away = subscription(f"http://127.0.0.1:{free_port()}/push/x")

    assert isinstance(await webpush.send(push("webpush", push_token=browser.push_token)), Ambiguous)
    assert await webpush.send(push("webpush", push_token=away)) == Temporary("cannot-connect")


async def test_an_answer_without_end_is_not_read_to_its_end(
    service: PushService, browser: Browser, webpush: Sender
) -> None:
    service.planned.append(Said(400, b"x" * 30_000_000))

    began = time.monotonic()
    assert isinstance(await webpush.send(push("webpush", push_token=browser.push_token)), OurFault)
    assert time.monotonic() - began < 5


HOSTILE = {
    "plain": "http://push.example.com/x",
    "a port": "https://push.example.com:6379/x",
    "this machine": "https://127.0.0.1/x",
    "its name": "https://localhost/x",
    "in other digits": "https://2130706433/x",
    "IPv6": "https://[::1]/x",
    "a private address": "https://10.0.0.1/x",
    "cloud metadata": "https://169.254.169.254/latest/meta-data",
    "a password": "https://me:secret@push.example.com/x",
    "a file": "file:///etc/passwd",
    "no host": "https:///x",
    "too long": "https://push.example.com/" + "x" * 3_000,
}


@pytest.mark.parametrize("endpoint", HOSTILE.values(), ids=list(HOSTILE))
async def test_an_endpoint_that_is_no_push_service_is_not_called(resources: AsyncExitStack, endpoint: str) -> None:
    webpush = await open_webpush(settings(loopback=False), resources)

    outcome = await webpush.send(push("webpush", push_token=subscription(endpoint)))

    assert isinstance(outcome, OurFault)
    assert outcome.reason == "bad-subscription"
    assert "secret" not in outcome.detail


@pytest.mark.parametrize(
    "token",
    ["", "{}", "[]", '{"endpoint": 1}', '{"endpoint": "https://a.example/", "keys": {"p256dh": "!", "auth": "AAAA"}}'],
)
async def test_what_is_no_subscription_is_not_sent(webpush: Sender, token: str) -> None:
    assert isinstance(await webpush.send(push("webpush", push_token=token)), OurFault)


async def test_a_key_that_is_no_point_is_not_sent(webpush: Sender) -> None:
    keys = {"p256dh": text(b"\x04" + b"\x01" * 64), "auth": text(b"a" * 16)}
    token = json.dumps({"endpoint": "https://push.example.com/x", "keys": keys})

    assert isinstance(await webpush.send(push("webpush", push_token=token)), OurFault)


async def test_a_name_that_leads_inside_is_not_called(resources: AsyncExitStack) -> None:
    """The system resolves `0x7f.1` to this machine."""
    webpush = await open_webpush(settings(loopback=False), resources)

    outcome = await webpush.send(push("webpush", push_token=subscription("https://0x7f.1/x")))

    assert isinstance(outcome, OurFault)
    assert outcome.reason == "address-refused"


class Answers(AbstractResolver):
    """A resolver that says what it is told to."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.addresses
        ]

    async def close(self) -> None:
        return None


async def test_of_a_names_addresses_only_the_public_ones_are_called() -> None:
    mixed = PublicResolver(Answers("10.0.0.1", "9.9.9.9", "127.0.0.1"), loopback=False)
    here = PublicResolver(Answers("10.0.0.1", "127.0.0.1"), loopback=True)

    assert [each["host"] for each in await mixed.resolve("push.example.com")] == ["9.9.9.9"]
    assert [each["host"] for each in await here.resolve("localhost")] == ["127.0.0.1"]
    with pytest.raises(AddressRefused):
        await PublicResolver(Answers("192.168.1.1"), loopback=True).resolve("push.example.com")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("9.9.9.9", True),
        ("2620:fe::fe", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::909:909", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is expected


def test_a_vapid_token_is_used_again_until_it_is_old() -> None:
    clock = time.time()
    tokens = VapidTokens(settings().vapid(), SUBJECT, lambda: clock)

    first = tokens.header("https://a.example.com")
    clock += LIFE / 2
    assert tokens.header("https://a.example.com") == first
    assert tokens.header("https://b.example.com") != first
    clock += LIFE / 2 - 60
    renewed = tokens.header("https://a.example.com")

    assert renewed != first
    claims = jwt.decode(
        renewed.split("t=")[1].split(",")[0], KEY.public_key(), ["ES256"], audience="https://a.example.com"
    )
    assert claims["exp"] - clock == pytest.approx(LIFE, abs=2)
    assert LIFE <= 24 * 3_600


def test_tokens_of_push_services_are_bounded() -> None:
    tokens = VapidTokens(settings().vapid(), SUBJECT)
    first = tokens.header("https://s0.example.com")

    for number in range(1, MOST_SERVICES + 1):
        tokens.header(f"https://s{number}.example.com")

    assert len(tokens._signed) == MOST_SERVICES
    assert tokens.header("https://s0.example.com") != first


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"FLEETCAST_WEBPUSH_KEY": "not a key"}, "key:"),
        ({"FLEETCAST_WEBPUSH_KEY": PEM.replace("M", "N", 1)}, "key:"),
        ({"FLEETCAST_WEBPUSH_SUBJECT": "somebody"}, "subject:"),
    ],
)
def test_wrong_settings_are_told_at_start_without_the_key(changes: dict[str, str], problem: str) -> None:
    given = {"FLEETCAST_WEBPUSH_KEY": PEM, "FLEETCAST_WEBPUSH_SUBJECT": SUBJECT}

    with pytest.raises(SettingsError) as caught:
        load_sections(WebPushSettings, environ=given | changes)

    assert problem in str(caught.value.problems)
    assert (given | changes)["FLEETCAST_WEBPUSH_KEY"] not in str(caught.value.problems)


async def test_the_provider_is_opened_by_its_settings(
    service: PushService, browser: Browser, resources: AsyncExitStack
) -> None:
    given = {
        "FLEETCAST_WEBPUSH_KEY": PEM,
        "FLEETCAST_WEBPUSH_SUBJECT": SUBJECT,
        "FLEETCAST_WEBPUSH_LOOPBACK": "true",
    }

    sender = await OPENINGS["webpush"](load_sections(WebPushSettings, environ=given), resources)

    assert isinstance(await sender.send(push("webpush", push_token=browser.push_token)), Accepted)


def test_a_message_fits_exactly() -> None:
    for length in range(3_700, 4_000, 7):
        assert len(webpush_message(push("webpush", told=content(body="x" * length)))) <= 3_993
