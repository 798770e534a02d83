"""What the commands of `python -m access` do. Each returns its answer as plain data, to be printed."""

import argparse
from typing import Any

from access.minting import Minted, MintingError, mint_backend, mint_device
from domain.instants import Micros, format_rfc3339
from storage.credentials import Credential, CredentialStore

PAGE = 1_000


class CommandError(Exception):
    """What was asked for cannot be done; the message says why."""


async def create(store: CredentialStore, asked: argparse.Namespace, now: Micros) -> dict[str, Any]:
    """Makes a credential. `credential` of the answer is the only place where its secret ever appears."""
    expires_at = None if asked.expires_in is None else now + asked.expires_in
    try:
        mint = _mint_device if asked.kind == "device" else _mint_backend
        minted = mint(asked, now, expires_at)
    except MintingError as error:
        raise CommandError(str(error)) from None
    await store.add(minted.credential)
    return {**_shown(minted.credential), "credential": str(minted.text)}


async def list_all(store: CredentialStore, asked: argparse.Namespace, now: Micros) -> list[dict[str, Any]]:
    """All credentials, by id."""
    shown: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await store.list(tenant=asked.tenant, fleet=asked.fleet, after=after, limit=PAGE)
        shown += [{**_shown(each), "state": _state(each, now)} for each in page]
        if len(page) < PAGE:
            return shown
        after = page[-1].id


async def revoke(store: CredentialStore, asked: argparse.Namespace) -> dict[str, Any]:
    """Withdraws a credential."""
    return _shown(_existing(await store.revoke(asked.id), asked.id))


async def set_limits(store: CredentialStore, asked: argparse.Namespace) -> dict[str, Any]:
    """Sets a credential's rate and burst, each to its default if it is not given."""
    return _shown(_existing(await store.set_limits(asked.id, rate=asked.rate, burst=asked.burst), asked.id))


def _mint_device(asked: argparse.Namespace, now: Micros, expires_at: Micros | None) -> Minted:
    if asked.fleet is None or asked.device_id is None:
        raise MintingError("a device needs --fleet and --device-id")
    return mint_device(
        fleet=asked.fleet, device=asked.device_id, assets=asked.asset, now=now, expires_at=expires_at, name=asked.name
    )


def _mint_backend(asked: argparse.Namespace, now: Micros, expires_at: Micros | None) -> Minted:
    if asked.asset or asked.device_id is not None:
        raise MintingError("a back end is not bound to assets and is no device: leave out --asset and --device-id")
    return mint_backend(fleet=asked.fleet, tenant=asked.tenant, now=now, expires_at=expires_at, name=asked.name)


def _existing(found: Credential | None, credential_id: str) -> Credential:
    if found is None:
        raise CommandError(
            f"there is no credential {credential_id!r}; `python -m access credential list` shows their ids"
        )
    return found


def _shown(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "kind": str(credential.kind),
        "tenant": credential.tenant,
        "fleet": credential.fleet,
        "device": credential.device,
        "assets": sorted(credential.assets),
        "name": credential.name,
        "created_at": format_rfc3339(credential.created_at),
        "expires_at": _time(credential.expires_at),
        "revoked_at": _time(credential.revoked_at),
        "rate": credential.rate,
        "burst": credential.burst,
    }


def _state(credential: Credential, now: Micros) -> str:
    if credential.revoked_at is not None:
        return "revoked"
    return "expired" if credential.expires_at is not None and credential.expires_at <= now else "valid"


def _time(instant: Micros | None) -> str | None:
    return None if instant is None else format_rfc3339(instant)
