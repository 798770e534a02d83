"""Statistics by device read the steps of a tenant's installations alone.

Locks delivery steps against writing while it works: their readers wait in Kafka.
"""

from alembic import op

revision: str = "0004"
down_revision: str = "0003"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_delivery_steps_installed ON delivery_steps (tenant, at) WHERE installation IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX ix_delivery_steps_installed")
