"""A stored credential, and the contract of every store of them (`storage/postgres/credentials.py`, its in-memory twin).

The secret itself is never stored, only its hash.
"""

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain.instants import Micros


class CredentialKind(enum.StrEnum):
    """Who holds a credential, which decides what it may do."""

    DEVICE = "device"
    """Posts pings of the assets it is bound to."""
    BACKEND = "backend"
    """Posts anything for its fleet; without a fleet, for every fleet of its tenant."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential, without its secret."""

    id: str
    """Stands in the credential's text, where it may be read by anybody."""
    kind: CredentialKind
    tenant: str
    fleet: str | None
    """None: any fleet of the tenant (back ends only)."""
    device: str | None
    """The device that holds it; None for a back end."""
    assets: frozenset[str]
    """The assets that a device may speak for; empty for a back end, which may speak for all of its fleets."""
    secret_hash: bytes
    """SHA-256 of the secret, 32 bytes."""
    name: str | None = None
    """What people call it."""
    created_at: Micros
    expires_at: Micros | None = None
    revoked_at: Micros | None = None
    rate: float | None = None
    """Items per second; None: the default of its kind."""
    burst: int | None = None
    """Items at once; None: the default of its kind."""


class CredentialStore(Protocol):
    """Keeps credentials. Every method raises OutageError when the store cannot be reached in time."""

    async def add(self, credential: Credential) -> None:
        """Keep a new credential. Raises DuplicateCredential if its id is taken."""
        ...

    async def find(self, credential_id: str) -> Credential | None:
        """The credential, revoked and expired ones too; None if there is none."""
        ...

    async def list(
        self, *, tenant: str | None, fleet: str | None, after: str | None, limit: int
    ) -> Sequence[Credential]:
        """Up to `limit` credentials with an id above `after`, by id; of one tenant or fleet if one is named."""
        ...

    async def revoke(self, credential_id: str) -> Credential | None:
        """Revoke it from now on; the instant of an earlier revocation stays. None if there is none."""
        ...

    async def set_limits(self, credential_id: str, *, rate: float | None, burst: int | None) -> Credential | None:
        """Set both limits (None: the default). None if there is no such credential."""
        ...

    async def changes(self, seconds: float, limit: int) -> Sequence[str]:
        """The ids of up to `limit` credentials changed (not: made) in the last `seconds` of the store's clock."""
        ...


class DuplicateCredential(Exception):
    """The id is taken."""
