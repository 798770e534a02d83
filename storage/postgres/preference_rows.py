"""The table of preferences."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from storage.postgres.tables import Table


class PreferenceRow(Table):
    """What a user wants to be told how: `domain/preferences.py` as JSON."""

    __tablename__ = "preferences"

    tenant: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
