"""All tables, for what must know every one of them: migrations and their tests."""

from storage.postgres.credentials import CredentialRow
from storage.postgres.delivery_steps import DeliveryStepRow
from storage.postgres.follower_rows import FollowerRow
from storage.postgres.installation_rows import InstallationRow
from storage.postgres.notifications import NotificationRow
from storage.postgres.preference_rows import PreferenceRow
from storage.postgres.scheduled_rows import ScheduledRow
from storage.postgres.tables import Table

TABLES = (
    CredentialRow,
    NotificationRow,
    DeliveryStepRow,
    InstallationRow,
    FollowerRow,
    PreferenceRow,
    ScheduledRow,
)
METADATA = Table.metadata


def is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """Alembic's `include_name`: partitions of a table are made and dropped as days go by, and declared nowhere."""
    return kind != "table" or name is None or not name.startswith(f"{DeliveryStepRow.__tablename__}_")
