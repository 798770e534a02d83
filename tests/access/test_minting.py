"""The rules that every credential keeps."""

import pytest

from access.credential_text import secret_hash
from access.minting import MAX_ASSETS, MintingError, mint_backend, mint_device
from domain.ids import IdError
from storage.credentials import CredentialKind

NOW = 1_790_000_000_000_000


def test_a_device_speaks_for_its_assets() -> None:
    credential, text = mint_device(fleet="acme.eu", device="box-7", assets=["truck-7", "trailer-9"], now=NOW)
    assert credential.kind is CredentialKind.DEVICE
    assert (credential.tenant, credential.fleet, credential.device) == ("acme", "acme.eu", "box-7")
    assert credential.assets == {"truck-7", "trailer-9"}
    assert credential.id == text.id
    assert credential.secret_hash == secret_hash(text.secret)
    assert credential.created_at == NOW


def test_a_back_end_is_for_a_fleet_or_for_all_of_a_tenant() -> None:
    one = mint_backend(fleet="acme.eu", tenant=None, now=NOW).credential
    every = mint_backend(fleet=None, tenant="acme", now=NOW).credential
    assert (one.tenant, one.fleet) == ("acme", "acme.eu")
    assert (every.tenant, every.fleet) == ("acme", None)
    for fleet, tenant in (("acme", "acme"), (None, None), (None, "acme.eu")):
        with pytest.raises(MintingError):
            mint_backend(fleet=fleet, tenant=tenant, now=NOW)


def test_a_device_has_a_bounded_number_of_assets_and_at_least_one() -> None:
    for assets in ([], [f"a{number}" for number in range(MAX_ASSETS + 1)]):
        with pytest.raises(MintingError, match="1 to 1000 assets"):
            mint_device(fleet="acme", device="box", assets=assets, now=NOW)


def test_ids_are_ids() -> None:
    with pytest.raises(IdError):
        mint_device(fleet="ac/me", device="box", assets=["a"], now=NOW)
    with pytest.raises(IdError):
        mint_device(fleet="acme", device="box", assets=["a b"], now=NOW)
    with pytest.raises(IdError):
        mint_backend(fleet=".eu", tenant=None, now=NOW)


def test_it_does_not_begin_expired_and_its_name_is_bounded() -> None:
    with pytest.raises(MintingError, match="expired"):
        mint_backend(fleet="acme", tenant=None, now=NOW, expires_at=NOW)
    with pytest.raises(MintingError, match="1 to 200"):
        mint_backend(fleet="acme", tenant=None, now=NOW, name="")
