"""All installations of a provider, in pages."""

from sqlalchemy import Engine, select, tuple_

from domain.installation import Installation, Provider
from storage.postgres.engine import sync_transaction
from storage.postgres.installation_reading import installation_of
from storage.postgres.installation_rows import InstallationRow

_TABLE = InstallationRow.__table__


class InstallationPages:
    """For threads. Every method raises OutageError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def active(self, provider: Provider, after: tuple[str, str], limit: int) -> list[Installation]:
        """At most `limit` that can be pushed to, by (tenant, id), behind `after`."""
        query = (
            select(_TABLE)
            .where(
                _TABLE.c.provider == str(provider),
                _TABLE.c.disabled_at.is_(None),
                tuple_(_TABLE.c.tenant, _TABLE.c.id) > after,
            )
            .order_by(_TABLE.c.tenant, _TABLE.c.id)
            .limit(limit)
        )
        with sync_transaction(self._engine) as connection:
            return [installation_of(row) for row in connection.execute(query)]
