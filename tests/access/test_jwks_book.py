"""A published key set on a real port: rotation, outages, floods."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry

from access.jwks import MAX_JWKS_BYTES
from access.jwks_book import JwksBook, KeysUnavailable
from access.jwks_http import HttpJwks, JwksUnavailable
from access.metrics import JwksMetrics
from access.settings import AccessSettings
from access.token_error import TokenError, TokenFault
from access.tokens import TokenVerifier
from runtime.health import Health
from tests.access.key_provider import Provider, key_provider
from tests.access.signing import EC_KEY, RSA_KEY, SECRET, claims, jwk, key_set, signed

PAUSE = 0.2


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with key_provider() as provider:
        yield provider


class Rig:
    def __init__(self, settings: AccessSettings, session: aiohttp.ClientSession, url: str) -> None:
        self.health = Health()
        self.book = JwksBook(
            HttpJwks(session, url),
            settings,
            condition=self.health.require("jwks"),
            metrics=JwksMetrics(CollectorRegistry()),
        )
        self.verifier = TokenVerifier(settings, jwks=self.book)

    def fault(self, token: str) -> TokenFault:
        with pytest.raises(TokenError) as raised:
            self.verifier.verify(token)
        return raised.value.reason


@contextlib.asynccontextmanager
async def running(provider: Provider, refresh: float = 600, patience: float = 0.5) -> AsyncIterator[Rig]:
    settings = AccessSettings.model_validate(
        {
            "jwt_hmac_secret": SECRET,
            "jwt_jwks_url": provider.url,
            "jwt_jwks_refresh_seconds": max(1.0, refresh),
            "jwt_jwks_pause_seconds": PAUSE,
            "jwt_jwks_timeout_seconds": patience,
        }
    )
    async with aiohttp.ClientSession() as session:
        rig = Rig(settings, session, provider.url)
        stopping = asyncio.Event()
        service = asyncio.create_task(rig.book.run(stopping))
        try:
            yield rig
        finally:
            stopping.set()
            async with asyncio.timeout(5):
                await service


async def until(holds: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 what is waited for tells nobody
            await asyncio.sleep(0.01)
    assert holds(), what


def rsa_token(key_id: str | None = "rsa-1") -> str:
    return signed(claims(), RSA_KEY, "RS256", key_id)


async def test_ready_once_the_keys_were_read_and_then_they_check_tokens(provider: Provider) -> None:
    provider.status = 503
    async with running(provider) as rig:
        await until(lambda: len(provider.asked) >= 2, "it asks again")
        assert not rig.health.ready()
        assert rig.fault(rsa_token()) is TokenFault.UNKNOWN_KEY
        assert rig.verifier.verify(signed(claims())).user == "u1", "other keys need no key set"
        provider.status = 200
        await until(rig.health.ready, "ready")
        assert rig.verifier.verify(rsa_token()).user == "u1"
        assert rig.verifier.verify(rsa_token(None)).user == "u1", "the only key of its kind needs no name"


async def test_a_new_key_is_learned_when_a_token_names_it(provider: Provider) -> None:
    async with running(provider) as rig:
        await until(rig.health.ready, "ready")
        provider.publish(old=RSA_KEY, new=EC_KEY)
        token = signed(claims(), EC_KEY, "ES256", "new")
        assert rig.fault(token) is TokenFault.UNKNOWN_KEY
        await rig.verifier.learn(token)
        assert rig.verifier.verify(token).user == "u1"
        await rig.verifier.learn(token)  # what is known is not asked for again
        assert len(provider.asked) == 2


async def test_a_withdrawn_key_ends_with_the_next_reading(provider: Provider) -> None:
    async with running(provider, refresh=1) as rig:
        await until(rig.health.ready, "ready")
        assert rig.verifier.verify(rsa_token()).user == "u1"
        provider.publish(other=EC_KEY)
        await until(lambda: rig.book.find("RS256", "rsa-1") is None, "it is gone")
        assert rig.fault(rsa_token()) is TokenFault.UNKNOWN_KEY


async def test_known_keys_work_while_the_provider_is_away(provider: Provider) -> None:
    async with running(provider, refresh=1) as rig:
        await until(rig.health.ready, "ready")
        for trouble in (b"", b'{"keys": []}', b"<html>", b" " * (MAX_JWKS_BYTES + 1)):
            provider.document = trouble
            seen = len(provider.asked)
            await until(lambda seen=seen: len(provider.asked) > seen + 1, "it was asked twice")  # type: ignore[misc]
            assert rig.verifier.verify(rsa_token()).user == "u1"
        provider.status = 500
        with pytest.raises(KeysUnavailable):
            await rig.verifier.learn(rsa_token("unheard-of"))
        provider.status, provider.document = 302, key_set(jwk(EC_KEY, kid="unheard-of"))
        with pytest.raises(KeysUnavailable):
            await rig.verifier.learn(signed(claims(), EC_KEY, "ES256", "unheard-of"))
        assert rig.health.ready()
        assert rig.verifier.verify(rsa_token()).user == "u1"


async def test_a_provider_that_hangs_is_not_waited_for_long(provider: Provider) -> None:
    async with running(provider, patience=0.3) as rig:
        await until(rig.health.ready, "ready")
        provider.hang.clear()
        began = time.monotonic()
        with pytest.raises(KeysUnavailable):
            await rig.verifier.learn(rsa_token("unheard-of"))
        assert time.monotonic() - began < 5
        assert rig.verifier.verify(rsa_token()).user == "u1"


async def test_a_flood_of_unknown_keys_reads_the_set_at_most_once_a_pause(provider: Provider) -> None:
    async with running(provider) as rig:
        await until(rig.health.ready, "ready")
        began = time.monotonic()
        for burst in range(4):
            tokens = [signed(claims(), RSA_KEY, "RS256", f"bad-{burst}-{number}") for number in range(50)]
            answers = await asyncio.gather(*(rig.verifier.learn(each) for each in tokens), return_exceptions=True)
            assert all(isinstance(each, (TokenError, KeysUnavailable)) for each in answers)
        most = (time.monotonic() - began) / PAUSE + 2
        assert len(provider.asked) <= most
        gaps = [later - earlier for earlier, later in zip(provider.asked, provider.asked[1:], strict=False)]
        assert min(gaps) > PAUSE * 0.8


async def test_waiting_for_keys_is_bounded(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("access.jwks_book.MAX_WAITING", 10)
    async with running(provider) as rig:
        await until(rig.health.ready, "ready")
        provider.hang.clear()
        answers = asyncio.gather(
            *(rig.book.learn("RS256", f"k{number}") for number in range(30)), return_exceptions=True
        )
        provider.hang.set()
        told = [str(each) for each in await answers]
        assert sum("too many" in each for each in told) == 20


async def test_what_cannot_be_published_is_not_asked_for(provider: Provider) -> None:
    """A secret is never in a key set, and a token without a key's id names no key."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    async with running(provider) as rig:
        await until(rig.health.ready, "ready")
        for token in (signed(claims(), "x" * 32, "HS256", "new"), signed(claims(), stranger, "ES256")):
            with pytest.raises(TokenError):
                await rig.verifier.learn(token)
        with pytest.raises(TokenError):
            await rig.verifier.learn("nonsense")
        assert len(provider.asked) == 1


async def test_a_known_name_with_another_key_is_a_bad_signature(provider: Provider) -> None:
    provider.publish(a=EC_KEY)
    async with running(provider) as rig:
        await until(rig.health.ready, "ready")
        stranger = ec.generate_private_key(ec.SECP256R1())
        assert rig.fault(signed(claims(), stranger, "ES256", "a")) is TokenFault.BAD_SIGNATURE
        assert rig.fault(signed(claims(), RSA_KEY, "RS256", "a")) is TokenFault.UNKNOWN_KEY, "a is no RSA key"


async def test_who_waits_is_told_when_the_process_stops(provider: Provider) -> None:
    async with running(provider) as rig:
        await until(rig.health.ready, "ready")
        provider.hang.clear()
        waiting = asyncio.create_task(rig.verifier.learn(rsa_token("new")))
        await until(lambda: len(provider.asked) == 2, "it was asked")
    with pytest.raises(KeysUnavailable):
        await waiting


async def test_an_address_nobody_listens_on_is_an_outage_without_the_address() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(JwksUnavailable) as raised:
            await HttpJwks(session, "http://127.0.0.1:1/hidden-word").fetch()
    assert "hidden-word" not in str(raised.value)


def test_settings_that_name_a_key_set_need_somebody_who_reads_it() -> None:
    settings = AccessSettings.model_validate({"jwt_jwks_url": "https://idp.example/keys"})
    with pytest.raises(ValueError, match="JWT_JWKS_URL"):
        TokenVerifier(settings)
