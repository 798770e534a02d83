"""Installations in PostgreSQL, as those ask who push."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, TextClause, and_, delete, func, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError

from domain.errors import OutageError
from domain.installation import ApnsEnvironment, Installation
from domain.instants import Micros
from storage.postgres.engine import sync_transaction
from storage.postgres.installation_reading import token_hash
from storage.postgres.installation_rows import InstallationRow
from storage.postgres.tables import to_timestamp
from storage.push_targets import InstallationKey, UserKey

MOVED = "token-moved"
"""Why an installation is disabled whose push token another one has now."""
_ACTIVE = InstallationRow.disabled_at.is_(None)

_INSTANTS = ("token_at", "created_at", "refreshed_at")
_FIELDS = ", ".join(
    (
        'i.tenant, i.id, i.user_id AS "user", provider, platform, push_token, environment, app, model, os_version',
        "app_version, locale",
        *(f"CAST(extract(epoch FROM {each}) * 1000000 AS bigint) AS {each}" for each in _INSTANTS),
    )
)
# Active installations of which (tenant, user) or (tenant, id) is asked for, as one JSON document: rows take four times
# as much of our own CPU time.
_WANTED = f"""
SELECT CAST(coalesce(json_agg(found), '[]') AS text) FROM (
    SELECT {_FIELDS} FROM unnest(CAST(:tenants AS text[]), CAST(:names AS text[])) AS wanted (tenant, name)
    JOIN installations AS i ON (i.tenant, i.%s) = (wanted.tenant, wanted.name)
    WHERE disabled_at IS NULL ORDER BY i.id
) AS found
"""  # noqa: S608 names of columns alone
_OF_USERS, _OF_INSTALLATIONS = text(_WANTED % "user_id"), text(_WANTED % "id")
_read_installations = msgspec.json.Decoder(list[Installation]).decode


class PostgresPushTargets:
    """The PushTargets of production. Methods: see the protocol in `storage/push_targets.py`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_users(self, users: Sequence[UserKey]) -> Mapping[UserKey, Sequence[Installation]]:
        found: dict[UserKey, list[Installation]] = {}
        for each in self._wanted(users, _OF_USERS):
            found.setdefault((each.tenant, each.user), []).append(each)
        return found

    def of_installations(self, installations: Sequence[InstallationKey]) -> Mapping[InstallationKey, Installation]:
        return {(each.tenant, each.id): each for each in self._wanted(installations, _OF_INSTALLATIONS)}

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

    def _wanted(self, keys: Sequence[tuple[str, str]], query: TextClause) -> list[Installation]:
        if not keys:
            return []
        tenants, names = zip(*set(keys), strict=True)
        with sync_transaction(self._engine) as connection:
            found = connection.scalar(query, {"tenants": list(tenants), "names": list(names)})
        return _read_installations(found)

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
