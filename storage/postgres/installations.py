"""Installations in PostgreSQL, as their users register and remove them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.errors import OutageError
from domain.installation import Installation
from domain.instants import Micros
from storage.installations import InstallationTaken, Registered, Registration, TooManyInstallations
from storage.postgres.engine import transaction
from storage.postgres.installation_reading import installation_of, token_hash
from storage.postgres.installation_rows import InstallationRow
from storage.postgres.push_targets import MOVED
from storage.postgres.tables import to_timestamp

_TABLE = InstallationRow.__table__
_ACTIVE = InstallationRow.disabled_at.is_(None)
# Registrations of one user come one after the other, so that their count is right; and so do those of one push token.
# Everybody takes first the user's lock and then the token's, so nobody waits for each other.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, :seed))")
_USER_SEED, _TOKEN_SEED = 1, 2


class Installations:
    """Raises OutageError from every method when PostgreSQL cannot be reached in time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def register(self, registration: Registration, *, limit: int, now: Micros) -> Registered:
        """Registers or refreshes. The installation that had the push token before is disabled, whoever's it is.

        It moves to another user with the push token that it has: then it is the same device. `token_at` is when this
        user registered this push token. Raises TooManyInstallations (over `limit`), InstallationTaken.
        """
        try:
            async with transaction(self._engine) as connection:
                return await _register(connection, registration, limit, now)
        except IntegrityError as error:  # its provider has given the push token to another in this moment
            raise OutageError("PostgreSQL: two have the push token at once") from error

    async def find(self, tenant: str, user: str, installation: str) -> Installation | None:
        """The user's installation, a disabled one too; None if the user has none of this id."""
        async with transaction(self._engine) as connection:
            row = (await connection.execute(select(_TABLE).where(_named(tenant, user, installation)))).first()
            return None if row is None else installation_of(row)

    async def of_user(self, tenant: str, user: str, limit: int) -> Sequence[Installation]:
        """The user's installations that can be pushed to, by id."""
        query = (
            select(_TABLE)
            .where(InstallationRow.tenant == tenant, InstallationRow.user_id == user, _ACTIVE)
            .order_by(InstallationRow.id)
            .limit(limit)
        )
        async with transaction(self._engine) as connection:
            return [installation_of(row) for row in await connection.execute(query)]

    async def remove(self, tenant: str, user: str, installation: str) -> bool:
        """Forgets it; False if the user has none of this id."""
        async with transaction(self._engine) as connection:
            removed = await connection.execute(delete(InstallationRow).where(_named(tenant, user, installation)))
            return removed.rowcount > 0


def _named(tenant: str, user: str, installation: str) -> ColumnElement[bool]:
    return and_(InstallationRow.tenant == tenant, InstallationRow.id == installation, InstallationRow.user_id == user)


async def _register(connection: AsyncConnection, wanted: Registration, limit: int, now: Micros) -> Registered:
    hashed = token_hash(wanted.push_token)
    await connection.execute(_LOCK, {"name": f"{wanted.tenant}/{wanted.user}", "seed": _USER_SEED})
    await connection.execute(_LOCK, {"name": f"{wanted.provider}/{hashed.hex()}", "seed": _TOKEN_SEED})
    own = and_(InstallationRow.tenant == wanted.tenant, InstallationRow.id == wanted.id)
    row = (await connection.execute(select(_TABLE).where(own).with_for_update())).first()
    known = None if row is None else installation_of(row)
    _check_owner(known, wanted)
    await connection.execute(
        update(InstallationRow)
        .where(InstallationRow.provider == wanted.provider, InstallationRow.token_hash == hashed, _ACTIVE, ~own)
        .values(disabled_at=to_timestamp(now), disabled_reason=MOVED)
    )
    others = select(func.count()).where(
        InstallationRow.tenant == wanted.tenant, InstallationRow.user_id == wanted.user, _ACTIVE, ~own
    )
    if (await connection.execute(others)).scalar_one() >= limit:
        raise TooManyInstallations
    values = _columns(wanted, known, hashed, now)
    statement = (
        insert(InstallationRow)
        .values(**values, tenant=wanted.tenant, id=wanted.id, created_at=to_timestamp(now))
        .on_conflict_do_update(index_elements=[InstallationRow.tenant, InstallationRow.id], set_=values)
        .returning(_TABLE)
    )
    return Registered(installation_of((await connection.execute(statement)).one()), created=known is None)


def _check_owner(known: Installation | None, wanted: Registration) -> None:
    if known is None or known.user == wanted.user or known.disabled_at is not None:
        return
    if (known.provider, known.push_token) != (wanted.provider, wanted.push_token):
        raise InstallationTaken


def _columns(wanted: Registration, known: Installation | None, hashed: bytes, now: Micros) -> dict[str, Any]:
    unchanged = (
        known is not None
        and known.disabled_at is None
        and (known.user, known.provider, known.push_token) == (wanted.user, wanted.provider, wanted.push_token)
    )
    environment = wanted.environment
    if environment is None and unchanged and known is not None:
        environment = known.environment  # what Apple's answers have taught
    return {
        "user_id": wanted.user,
        "provider": str(wanted.provider),
        "platform": str(wanted.platform),
        "push_token": wanted.push_token,
        "token_hash": hashed,
        "token_at": to_timestamp(known.token_at if unchanged and known is not None else now),
        "environment": None if environment is None else str(environment),
        "app": wanted.app,
        "model": wanted.model,
        "os_version": wanted.os_version,
        "app_version": wanted.app_version,
        "locale": wanted.locale,
        "refreshed_at": to_timestamp(now),
        "disabled_at": None,
        "disabled_reason": None,
    }
