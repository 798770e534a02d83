"""Notifications: history and inbox, delivery steps in daily partitions, installations, followers, preferences.

The downgrade loses all of them.
"""

from alembic import op

revision: str = "0002"
down_revision: str = "0001"
branch_labels: None = None
depends_on: None = None

TABLES = ("scheduled_requests", "preferences", "followers", "installations", "delivery_steps", "notifications")

# All tables are new and empty, so nobody waits for their indexes.
STATEMENTS = (
    """
    CREATE TABLE notifications (
        tenant text NOT NULL,
        user_id text NOT NULL,
        id text NOT NULL,
        seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        source text NOT NULL,
        type text NOT NULL,
        title text NOT NULL,
        body text NOT NULL,
        data bytea,
        priority text NOT NULL,
        interest text,
        about text,
        collapse_key text,
        match_key text,
        match_version bigint,
        installation text,
        created_at timestamptz NOT NULL,
        accepted_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        classified_at timestamptz NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        correction boolean NOT NULL DEFAULT false,
        replaced_by text,
        push_state text NOT NULL,
        push_changed_at timestamptz,
        acked_at timestamptz,
        read_at timestamptz,
        archived_at timestamptz,
        CONSTRAINT pk_notifications PRIMARY KEY (tenant, user_id, id)
    )
    """,
    "CREATE INDEX ix_notifications_inbox ON notifications (tenant, user_id, seq)",
    """
    CREATE INDEX ix_notifications_unread ON notifications (tenant, user_id)
        WHERE read_at IS NULL AND archived_at IS NULL AND replaced_by IS NULL
    """,
    """
    CREATE INDEX ix_notifications_match ON notifications (tenant, user_id, match_key, match_version)
        WHERE match_key IS NOT NULL
    """,
    "CREATE INDEX ix_notifications_stored_at ON notifications USING brin (stored_at)",
    """
    CREATE TABLE delivery_steps (
        at timestamptz NOT NULL,
        id text NOT NULL,
        tenant text NOT NULL,
        user_id text NOT NULL,
        notification text NOT NULL,
        step text NOT NULL,
        outcome text,
        detail text,
        gateway text,
        client text,
        installation text,
        provider text,
        platform text,
        model text,
        app_version text,
        provider_id text,
        attempt integer NOT NULL,
        CONSTRAINT pk_delivery_steps PRIMARY KEY (at, id)
    ) PARTITION BY RANGE (at)
    """,
    "CREATE INDEX ix_delivery_steps_notification ON delivery_steps (tenant, notification, user_id)",
    # Where a step goes for whose day nobody made a partition: late or early, but never lost.
    "CREATE TABLE delivery_steps_default PARTITION OF delivery_steps DEFAULT",
    """
    CREATE TABLE installations (
        tenant text NOT NULL,
        id text NOT NULL,
        user_id text NOT NULL,
        provider text NOT NULL,
        platform text NOT NULL,
        push_token text NOT NULL,
        token_hash bytea NOT NULL CONSTRAINT ck_installations_token_hash CHECK (octet_length(token_hash) = 32),
        token_at timestamptz NOT NULL,
        environment text,
        app text,
        model text,
        os_version text,
        app_version text,
        locale text,
        created_at timestamptz NOT NULL,
        refreshed_at timestamptz NOT NULL,
        disabled_at timestamptz,
        disabled_reason text,
        CONSTRAINT pk_installations PRIMARY KEY (tenant, id)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_installations_token ON installations (provider, token_hash) WHERE disabled_at IS NULL
    """,
    "CREATE INDEX ix_installations_user ON installations (tenant, user_id) WHERE disabled_at IS NULL",
    "CREATE INDEX ix_installations_disabled_at ON installations (disabled_at) WHERE disabled_at IS NOT NULL",
    """
    CREATE TABLE followers (
        tenant text NOT NULL,
        interest text NOT NULL,
        user_id text NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_followers PRIMARY KEY (tenant, interest, user_id)
    )
    """,
    "CREATE INDEX ix_followers_user ON followers (tenant, user_id)",
    """
    CREATE TABLE preferences (
        tenant text NOT NULL,
        user_id text NOT NULL,
        document bytea NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_preferences PRIMARY KEY (tenant, user_id)
    )
    """,
    """
    CREATE TABLE scheduled_requests (
        tenant text NOT NULL,
        id text NOT NULL,
        due_at timestamptz NOT NULL,
        request bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        leased_until timestamptz,
        done_at timestamptz,
        CONSTRAINT pk_scheduled_requests PRIMARY KEY (tenant, id)
    )
    """,
    "CREATE INDEX ix_scheduled_requests_due ON scheduled_requests (due_at) WHERE done_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
