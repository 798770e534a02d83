"""Installations in PostgreSQL, as those ask who push."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Text, and_, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from domain.errors import OutageError
from domain.installation import ApnsEnvironment, Installation
from domain.instants import Micros
from storage.postgres.engine import sync_transaction
from storage.postgres.installation_reading import installation_of, token_hash
from storage.postgres.installation_rows import InstallationRow
from storage.postgres.tables import to_timestamp
from storage.push_targets import InstallationKey, UserKey

MOVED = "token-moved"
"""Why an installation is disabled whose push token another one has now."""
_TABLE = InstallationRow.__table__
_ACTIVE = InstallationRow.disabled_at.is_(None)


class PostgresPushTargets:
    """The PushTargets of production. Methods: see the protocol in `storage/push_targets.py`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_users(self, users: Sequence[UserKey]) -> Mapping[UserKey, Sequence[Installation]]:
        found: dict[UserKey, list[Installation]] = {}
        for each in self._wanted(users, "user_id"):
            found.setdefault((each.tenant, each.user), []).append(each)
        return found

    def of_installations(self, installations: Sequence[InstallationKey]) -> Mapping[InstallationKey, Installation]:
        return {(each.tenant, each.id): each for each in self._wanted(installations, "id")}

    def disable(self, tenant: str, installation: str, *, token_at: Micros, at: Micros, reason: str) -> bool:
        return self._change(tenant, installation, token_at, disabled_at=to_timestamp(at), disabled_reason=reason)

    def moved(self, tenant: str, installation: str, *, token_at: Micros, at: Micros, push_token: str) -> bool:
        own = and_(InstallationRow.tenant == tenant, InstallationRow.id == installation)
        known = select(InstallationRow.provider).where(own, _ACTIVE, InstallationRow.token_at == to_timestamp(token_at))
        hashed = token_hash(push_token)
        change = (
            update(InstallationRow)
            .where(own)
            .values(push_token=push_token, token_hash=hashed, token_at=to_timestamp(at))
        )
        try:
            with sync_transaction(self._engine) as connection:
                provider = connection.scalar(known.with_for_update())
                if provider is None:
                    return False
                others = (
                    update(InstallationRow)
                    .where(InstallationRow.provider == provider, InstallationRow.token_hash == hashed, _ACTIVE, ~own)
                    .values(disabled_at=to_timestamp(at), disabled_reason=MOVED)
                )
                connection.execute(others)
                connection.execute(change)
        except IntegrityError as error:  # somebody registered that push token in this moment
            raise OutageError("PostgreSQL: two have the push token at once") from error
        return True

    def learn_environment(
        self, tenant: str, installation: str, *, token_at: Micros, environment: ApnsEnvironment
    ) -> bool:
        return self._change(tenant, installation, token_at, environment=str(environment))

    def count_disabled(self, before: Micros) -> int:
        query = select(func.count()).where(InstallationRow.disabled_at < to_timestamp(before))
        with sync_transaction(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def remove_disabled(self, before: Micros, limit: int) -> int:
        oldest = (
            select(InstallationRow.tenant, InstallationRow.id)
            .where(InstallationRow.disabled_at < to_timestamp(before))
            .order_by(InstallationRow.disabled_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = delete(InstallationRow).where(tuple_(InstallationRow.tenant, InstallationRow.id).in_(oldest))
        with sync_transaction(self._engine) as connection:
            return connection.execute(statement).rowcount

    def _wanted(self, keys: Sequence[tuple[str, str]], column: str) -> list[Installation]:
        """Active installations of which (tenant, column) is one of the keys."""
        if not keys:
            return []
        tenants, names = zip(*keys, strict=True)
        pairs = func.unnest(literal(list(tenants), ARRAY(Text)), literal(list(names), ARRAY(Text)))
        wanted = pairs.table_valued("tenant", "name", name="wanted").render_derived()
        query = (
            select(_TABLE)
            .where(tuple_(_TABLE.c.tenant, _TABLE.c[column]).in_(select(wanted.c.tenant, wanted.c.name)), _ACTIVE)
            .order_by(_TABLE.c.id)
        )
        with sync_transaction(self._engine) as connection:
            return [installation_of(row) for row in connection.execute(query)]

    def _change(self, tenant: str, installation: str, token_at: Micros, **values: Any) -> bool:
        statement = (
            update(InstallationRow)
            .where(
                InstallationRow.tenant == tenant,
                InstallationRow.id == installation,
                InstallationRow.token_at == to_timestamp(token_at),
                _ACTIVE,
            )
            .values(**values)
        )
        with sync_transaction(self._engine) as connection:
            return connection.execute(statement).rowcount > 0
