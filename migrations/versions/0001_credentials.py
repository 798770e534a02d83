"""Credentials of devices and back ends.

The downgrade loses every credential.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("fleet", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("assets", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("burst", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.CheckConstraint("kind IN ('device', 'backend')", name=op.f("ck_credentials_kind")),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_credentials_secret_hash")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_credentials_rate")),
        sa.CheckConstraint("burst > 0", name=op.f("ck_credentials_burst")),
        sa.CheckConstraint(
            "kind <> 'device' OR (fleet IS NOT NULL AND device IS NOT NULL AND cardinality(assets) > 0)",
            name=op.f("ck_credentials_device"),
        ),
    )
    # The table is new and empty, so nobody waits for these.
    op.create_index(
        "ix_credentials_changed_at",
        "credentials",
        ["changed_at"],
        postgresql_where=sa.text("changed_at IS NOT NULL"),
    )
    op.create_index("ix_credentials_tenant_id", "credentials", ["tenant", "id"])


def downgrade() -> None:
    op.drop_table("credentials")
