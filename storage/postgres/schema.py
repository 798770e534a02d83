"""All tables, for what must know every one of them: migrations and their tests."""

from storage.postgres.credentials import CredentialRow
from storage.postgres.tables import Table

TABLES = (CredentialRow,)
METADATA = Table.metadata
