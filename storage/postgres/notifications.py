"""The table of notifications: history, inbox, and the one decision about each push.

What is asked of it is in files of its own: `notification_log.py` (the dispatcher), `push_decisions.py` (each a
compare-and-set), `inbox.py` (people).
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Identity, Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from storage.postgres.tables import Table

_INSTANT = TIMESTAMP(timezone=True)
_UNREAD = "read_at IS NULL AND archived_at IS NULL AND replaced_by IS NULL"


class NotificationRow(Table):
    """One notification of one user. The primary key is the last word on duplicates."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_inbox", "tenant", "user_id", "seq"),
        Index("ix_notifications_unread", "tenant", "user_id", postgresql_where=text(_UNREAD)),
        Index(
            "ix_notifications_match",
            "tenant",
            "user_id",
            "match_key",
            "match_version",
            postgresql_where=text("match_key IS NOT NULL"),
        ),
        Index("ix_notifications_stored_at", "stored_at", postgresql_using="brin"),
    )

    tenant: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    """Rises in the order in which a user's notifications were stored: the cursor of the inbox."""
    source: Mapped[str] = mapped_column(Text)
    """`topic id/partition/offset` of the record it was made of: the same id from another place is a duplicate."""
    type: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    priority: Mapped[str] = mapped_column(Text)
    interest: Mapped[str | None] = mapped_column(Text)
    about: Mapped[str | None] = mapped_column(Text)
    collapse_key: Mapped[str | None] = mapped_column(Text)
    match_key: Mapped[str | None] = mapped_column(Text)
    match_version: Mapped[int | None] = mapped_column(BigInteger)
    installation: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    accepted_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    classified_at: Mapped[datetime] = mapped_column(_INSTANT)
    stored_at: Mapped[datetime] = mapped_column(_INSTANT, server_default=func.clock_timestamp())
    correction: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It replaced another one."""
    replaced_by: Mapped[str | None] = mapped_column(Text)
    """The id of the later version that is shown instead."""
    push_state: Mapped[str] = mapped_column(Text)
    """See `domain/push_state.py`."""
    push_changed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    pushed_to: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """The installations with which it is finished, however that went."""
    acked_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    read_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    archived_at: Mapped[datetime | None] = mapped_column(_INSTANT)
