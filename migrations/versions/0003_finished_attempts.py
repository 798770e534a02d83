"""Which installations a notification's push is finished with, so that each of a user's phones gets it once."""

from alembic import op

revision: str = "0003"
down_revision: str = "0002"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    # A constant default: the table is not rewritten.
    op.execute("ALTER TABLE notifications ADD COLUMN pushed_to text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE notifications DROP COLUMN pushed_to")
