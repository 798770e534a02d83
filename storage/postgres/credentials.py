"""Credentials in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, Row, Text, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Mapped, mapped_column

from domain.instants import Micros
from storage.credentials import Credential, CredentialKind, DuplicateCredential
from storage.postgres.engine import transaction
from storage.postgres.tables import Table, from_timestamp, to_timestamp

_INSTANT = TIMESTAMP(timezone=True)


class CredentialRow(Table):
    """One row for each credential, kept after its revocation so that it can be told from an unknown one."""

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint("kind IN ('device', 'backend')", name="kind"),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint("burst > 0", name="burst"),
        CheckConstraint(
            "kind <> 'device' OR (fleet IS NOT NULL AND device IS NOT NULL AND cardinality(assets) > 0)", name="device"
        ),
        Index("ix_credentials_changed_at", "changed_at", postgresql_where="changed_at IS NOT NULL"),
        Index("ix_credentials_tenant_id", "tenant", "id"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    tenant: Mapped[str] = mapped_column(Text)
    fleet: Mapped[str | None] = mapped_column(Text)
    device: Mapped[str | None] = mapped_column(Text)
    assets: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    changed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    """Of the last change after it was made, by the server's clock. Caches ask for it every second."""
    rate: Mapped[float | None]
    burst: Mapped[int | None]


_TABLE = CredentialRow.__table__


class PostgresCredentials:
    """The CredentialStore of production. Methods: see the protocol in `storage/credentials.py`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, credential: Credential) -> None:
        try:
            async with transaction(self._engine) as connection:
                await connection.execute(insert(CredentialRow).values(_columns(credential)))
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) == "23505":  # unique_violation
                raise DuplicateCredential(credential.id) from error
            raise

    async def find(self, credential_id: str) -> Credential | None:
        async with transaction(self._engine) as connection:
            found = await connection.execute(select(_TABLE).where(CredentialRow.id == credential_id))
            return _first(found.first())

    async def list(
        self, *, tenant: str | None, fleet: str | None, after: str | None, limit: int
    ) -> Sequence[Credential]:
        query = select(_TABLE).order_by(CredentialRow.id).limit(limit)
        if tenant is not None:
            query = query.where(CredentialRow.tenant == tenant)
        if fleet is not None:
            query = query.where(CredentialRow.fleet == fleet)
        if after is not None:
            query = query.where(CredentialRow.id > after)
        async with transaction(self._engine) as connection:
            return [_credential(row) for row in await connection.execute(query)]

    async def revoke(self, credential_id: str) -> Credential | None:
        return await self._change(credential_id, revoked_at=func.coalesce(CredentialRow.revoked_at, func.now()))

    async def set_limits(self, credential_id: str, *, rate: float | None, burst: int | None) -> Credential | None:
        return await self._change(credential_id, rate=rate, burst=burst)

    async def changes(self, seconds: float, limit: int) -> Sequence[str]:
        since = func.now() - timedelta(seconds=seconds)
        query = select(CredentialRow.id).where(CredentialRow.changed_at >= since).limit(limit)
        async with transaction(self._engine) as connection:
            return list(await connection.scalars(query))

    async def _change(self, credential_id: str, **values: Any) -> Credential | None:
        statement = (
            update(CredentialRow)
            .where(CredentialRow.id == credential_id)
            .values(changed_at=func.clock_timestamp(), **values)
            .returning(_TABLE)
        )
        async with transaction(self._engine) as connection:
            return _first((await connection.execute(statement)).first())


def _columns(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "kind": str(credential.kind),
        "tenant": credential.tenant,
        "fleet": credential.fleet,
        "device": credential.device,
        "assets": sorted(credential.assets),
        "secret_hash": credential.secret_hash,
        "name": credential.name,
        "created_at": to_timestamp(credential.created_at),
        "expires_at": _timestamp(credential.expires_at),
        "revoked_at": _timestamp(credential.revoked_at),
        "rate": credential.rate,
        "burst": credential.burst,
    }


def _first(row: Row[Any] | None) -> Credential | None:
    return None if row is None else _credential(row)


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        id=row.id,
        kind=CredentialKind(row.kind),
        tenant=row.tenant,
        fleet=row.fleet,
        device=row.device,
        assets=frozenset(row.assets),
        secret_hash=row.secret_hash,
        name=row.name,
        created_at=from_timestamp(row.created_at),
        expires_at=_instant(row.expires_at),
        revoked_at=_instant(row.revoked_at),
        rate=row.rate,
        burst=row.burst,
    )


def _timestamp(instant: Micros | None) -> datetime | None:
    return None if instant is None else to_timestamp(instant)


def _instant(timestamp: datetime | None) -> Micros | None:
    return None if timestamp is None else from_timestamp(timestamp)
