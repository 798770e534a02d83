"""The table of installations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from storage.postgres.tables import Table

_INSTANT = TIMESTAMP(timezone=True)


class InstallationRow(Table):
    """One app on one device. Disabled ones are kept for a while, so that it can be told why nothing arrives."""

    __tablename__ = "installations"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        # A push token belongs to one installation: whoever registers it last has it.
        Index(
            "uq_installations_token",
            "provider",
            "token_hash",
            unique=True,
            postgresql_where=text("disabled_at IS NULL"),
        ),
        Index("ix_installations_user", "tenant", "user_id", postgresql_where=text("disabled_at IS NULL")),
        Index("ix_installations_disabled_at", "disabled_at", postgresql_where=text("disabled_at IS NOT NULL")),
    )

    tenant: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(Text)
    push_token: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the push token: Web Push subscriptions are too long for an index."""
    token_at: Mapped[datetime] = mapped_column(_INSTANT)
    environment: Mapped[str | None] = mapped_column(Text)
    app: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    os_version: Mapped[str | None] = mapped_column(Text)
    app_version: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    refreshed_at: Mapped[datetime] = mapped_column(_INSTANT)
    disabled_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
