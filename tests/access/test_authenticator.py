"""From an Authorization header to a credential: every refusal has its own type and a challenge."""

import pytest
from prometheus_client import CollectorRegistry

from access.authenticator import Authenticator
from access.credential_book import CredentialBook
from access.credential_text import new_credential_text
from access.grants import granted_fleet, may_speak_for, require_backend
from access.metrics import BookMetrics
from access.minting import Minted, mint_backend, mint_device
from access.settings import CredentialsSettings
from runtime.health import Health
from runtime.http.problem import Problem
from storage.memory.credentials import MemoryCredentials

NOW = 1_790_000_000_000_000


class Rig:
    def __init__(self) -> None:
        self.now = NOW
        self.store = MemoryCredentials(lambda: self.now)
        book = CredentialBook(
            self.store,
            CredentialsSettings(),
            condition=Health().require("credentials"),
            metrics=BookMetrics(CollectorRegistry()),
        )
        self.authenticator = Authenticator(book, lambda: self.now)

    async def add(self, expires_at: int | None = None) -> Minted:
        minted = mint_backend(fleet="acme", tenant=None, now=NOW, expires_at=expires_at)
        await self.store.add(minted.credential)
        return minted

    async def refusal(self, authorization: str | None) -> Problem:
        with pytest.raises(Problem) as raised:
            await self.authenticator.authenticate(authorization)
        return raised.value


async def test_a_valid_credential_is_found() -> None:
    rig = Rig()
    minted = await rig.add()
    assert await rig.authenticator.authenticate(f"Bearer {minted.text}") == minted.credential
    assert await rig.authenticator.authenticate(f"bearer  {minted.text} ") == minted.credential


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dTpw", "fc_x"])
async def test_without_a_credential(header: str | None) -> None:
    problem = await Rig().refusal(header)
    assert (problem.status, problem.slug) == (401, "credential-missing")
    assert problem.headers["WWW-Authenticate"] == 'Bearer realm="fleetcast"'


async def test_malformed_and_unknown_and_a_wrong_secret_get_the_same_type() -> None:
    rig = Rig()
    minted = await rig.add()
    wrong = minted.text._replace(secret=new_credential_text().secret)
    for text in ("nonsense", str(new_credential_text()), str(wrong)):
        problem = await rig.refusal(f"Bearer {text}")
        assert (problem.status, problem.slug) == (401, "credential-unknown")
        assert 'error="invalid_token"' in problem.headers["WWW-Authenticate"]


async def test_expired_to_the_microsecond() -> None:
    rig = Rig()
    minted = await rig.add(expires_at=NOW + 10)
    rig.now = NOW + 9
    await rig.authenticator.authenticate(f"Bearer {minted.text}")
    rig.now = NOW + 10
    problem = await rig.refusal(f"Bearer {minted.text}")
    assert (problem.status, problem.slug) == (401, "credential-expired")


async def test_revoked_is_told_only_to_who_has_the_secret() -> None:
    rig = Rig()
    minted = await rig.add()
    await rig.store.revoke(minted.credential.id)
    assert (await rig.refusal(f"Bearer {minted.text}")).slug == "credential-revoked"
    wrong = minted.text._replace(secret=new_credential_text().secret)
    assert (await rig.refusal(f"Bearer {wrong}")).slug == "credential-unknown"


async def test_when_it_cannot_be_checked() -> None:
    rig = Rig()
    minted = await rig.add()
    rig.store.away = True
    problem = await rig.refusal(f"Bearer {minted.text}")
    assert (problem.status, problem.slug) == (503, "credentials-unavailable")
    assert int(problem.headers["Retry-After"]) > 0


def test_the_fleet_that_is_granted() -> None:
    one = mint_backend(fleet="acme.eu", tenant=None, now=NOW).credential
    every = mint_backend(fleet=None, tenant="acme", now=NOW).credential
    assert granted_fleet(one, ()) == granted_fleet(one, ["acme.eu"]) == "acme.eu"
    assert [granted_fleet(every, [each]) for each in ("acme", "acme.eu")] == ["acme", "acme.eu"]
    refusals = [
        (every, (), 400, "fleet-required"),
        (every, ["other"], 403, "fleet-not-allowed"),
        (every, ["acme2"], 403, "fleet-not-allowed"),
        (one, ["acme"], 403, "fleet-not-allowed"),
        (one, ["acme.eu.north"], 403, "fleet-not-allowed"),
        (one, ["a/b"], 400, "bad-fleet"),
        (one, ["acme.eu", "acme.eu"], 400, "bad-fleet"),
    ]
    for credential, asked, status, slug in refusals:
        with pytest.raises(Problem) as raised:
            granted_fleet(credential, asked)
        assert (raised.value.status, raised.value.slug) == (status, slug), asked


def test_a_device_speaks_for_its_own_assets_and_is_no_back_end() -> None:
    device = mint_device(fleet="acme", device="box", assets=["truck-7"], now=NOW).credential
    backend = mint_backend(fleet="acme", tenant=None, now=NOW).credential
    assert may_speak_for(device, "truck-7")
    assert not may_speak_for(device, "truck-8")
    assert may_speak_for(backend, "truck-8")
    require_backend(backend)
    with pytest.raises(Problem) as raised:
        require_backend(device)
    assert (raised.value.status, raised.value.slug) == (403, "wrong-credential-kind")
