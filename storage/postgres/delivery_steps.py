"""The table of delivery steps, in partitions of a day each: a day is dropped whole when its time is over."""

from datetime import datetime

from sqlalchemy import Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from storage.postgres.tables import Table


class DeliveryStepRow(Table):
    """One step of one notification. What is told twice has the same id and instant, and stands here once."""

    __tablename__ = "delivery_steps"
    __table_args__ = (
        Index("ix_delivery_steps_notification", "tenant", "notification", "user_id"),
        # For statistics by device: most steps are of sockets, and not in it.
        Index("ix_delivery_steps_installed", "tenant", "at", postgresql_where=text("installation IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    tenant: Mapped[str] = mapped_column(Text)
    user_id: Mapped[str] = mapped_column(Text)
    notification: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    gateway: Mapped[str | None] = mapped_column(Text)
    client: Mapped[str | None] = mapped_column(Text)
    installation: Mapped[str | None] = mapped_column(Text)
    provider: Mapped[str | None] = mapped_column(Text)
    platform: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    app_version: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(Integer)
