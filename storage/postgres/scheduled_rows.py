"""The table of requests whose time has yet to come."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from storage.postgres.tables import Table

_INSTANT = TIMESTAMP(timezone=True)


class ScheduledRow(Table):
    """One request that is due later. A timer leases it, produces it to Kafka, and then marks it done."""

    __tablename__ = "scheduled_requests"
    __table_args__ = (Index("ix_scheduled_requests_due", "due_at", postgresql_where=text("done_at IS NULL")),)

    tenant: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """The request's id, with what it waits for: `send:ID`, `quiet:USER/ID`, `digest:USER/TYPE/WINDOW`."""
    due_at: Mapped[datetime] = mapped_column(_INSTANT)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    """A `NotificationRequest` as JSON."""
    created_at: Mapped[datetime] = mapped_column(_INSTANT, server_default=func.now())
    leased_until: Mapped[datetime | None] = mapped_column(_INSTANT)
    done_at: Mapped[datetime | None] = mapped_column(_INSTANT)
