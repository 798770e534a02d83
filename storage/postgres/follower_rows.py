"""The table of followers."""

from datetime import datetime

from sqlalchemy import Index, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from storage.postgres.tables import Table


class FollowerRow(Table):
    """That a user follows an interest. The primary key is also the order in which followers are gone through."""

    __tablename__ = "followers"
    __table_args__ = (Index("ix_followers_user", "tenant", "user_id"),)

    tenant: Mapped[str] = mapped_column(Text, primary_key=True)
    interest: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
