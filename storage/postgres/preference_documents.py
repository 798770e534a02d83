"""Preferences from PostgreSQL, for the dispatcher: many users in one query."""

from collections.abc import Collection

from sqlalchemy import Engine, text

from storage.postgres.engine import sync_transaction

_READ = text(
    "SELECT tenant, user_id, document FROM preferences WHERE (tenant, user_id) IN "
    "(SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:users AS text[])))"
)


class PostgresPreferenceDocuments:
    """A `PreferenceDocuments`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, owners: Collection[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """See PreferenceDocuments."""
        found = dict.fromkeys(owners, b"")
        if not found:
            return found
        told = {"tenants": [tenant for tenant, _ in found], "users": [user for _, user in found]}
        with sync_transaction(self._engine) as connection:
            for tenant, user, document in connection.execute(_READ, told):
                found[tenant, user] = bytes(document)
        return found
