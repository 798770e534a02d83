"""${message}

Before you commit:
- The version that is running now must work on the new schema, and this version on the old one until it is migrated:
  add first, use in the next release, remove in the one after. Never rename.
- New columns are nullable or have a constant default. An index on a table with traffic is made CONCURRENTLY, in
  `with op.get_context().autocommit_block():`, and a constraint NOT VALID first, then VALIDATEd in a revision of its own.
- Do not fill columns of large tables here; that is a job that can be paused.
- The downgrade is tested. Say what it loses.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
