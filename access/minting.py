"""Makes credentials, with the rules that every one of them keeps."""

from collections.abc import Sequence
from typing import NamedTuple

from access.credential_text import CredentialText, new_credential_text, secret_hash
from domain.ids import check_id, tenant_of
from domain.instants import Micros
from storage.credentials import Credential, CredentialKind

MAX_ASSETS = 1_000
MAX_NAME = 200


class MintingError(ValueError):
    """What was asked for would not be a credential; the message says why."""


class Minted(NamedTuple):
    """A new credential: what to store, and what to show once."""

    credential: Credential
    text: CredentialText


def mint_device(
    *,
    fleet: str,
    device: str,
    assets: Sequence[str],
    now: Micros,
    expires_at: Micros | None = None,
    name: str | None = None,
) -> Minted:
    """A credential for a device that speaks for `assets`. Raises MintingError, IdError."""
    for each in (fleet, device, *assets):
        check_id(each)
    if not 1 <= len(assets) <= MAX_ASSETS:
        raise MintingError(f"a device is bound to 1 to {MAX_ASSETS} assets")
    return _mint(CredentialKind.DEVICE, tenant_of(fleet), fleet, device, assets, now, expires_at, name)


def mint_backend(
    *, fleet: str | None, tenant: str | None, now: Micros, expires_at: Micros | None = None, name: str | None = None
) -> Minted:
    """A credential for a back end, of one fleet or of every fleet of a tenant. Raises MintingError, IdError."""
    if (fleet is None) == (tenant is None):
        raise MintingError("a back end has either a fleet or a tenant")
    owner = check_id(fleet if fleet is not None else tenant or "")
    if fleet is None and "." in owner:
        raise MintingError("a tenant has no dot in its name: the part after one names a fleet")
    return _mint(CredentialKind.BACKEND, tenant_of(owner), fleet, None, (), now, expires_at, name)


def _mint(
    kind: CredentialKind,
    tenant: str,
    fleet: str | None,
    device: str | None,
    assets: Sequence[str],
    now: Micros,
    expires_at: Micros | None,
    name: str | None,
) -> Minted:
    check_id(tenant)  # a fleet such as `.eu` has none
    if expires_at is not None and expires_at <= now:
        raise MintingError("it would have expired already")
    if name is not None and not 1 <= len(name) <= MAX_NAME:
        raise MintingError(f"a name has 1 to {MAX_NAME} characters")
    text = new_credential_text()
    credential = Credential(
        id=text.id,
        kind=kind,
        tenant=tenant,
        fleet=fleet,
        device=device,
        assets=frozenset(assets),
        secret_hash=secret_hash(text.secret),
        name=name,
        created_at=now,
        expires_at=expires_at,
    )
    return Minted(credential, text)
