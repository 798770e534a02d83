"""Rows of notifications for tests, as the dispatcher stores them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.postgres.notifications import NotificationRow

THEN = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)


async def store_notice(engine: AsyncEngine, notice_id: str, user: str = "ann", **columns: Any) -> int:
    """Puts one into the inbox; gives its `seq`."""
    row: dict[str, Any] = {
        "tenant": "acme",
        "user_id": user,
        "id": notice_id,
        "source": f"topic/0/{notice_id}",
        "type": "order_status",
        "title": "Order A-1",
        "body": "out_for_delivery",
        "priority": "high",
        "created_at": THEN,
        "accepted_at": THEN,
        "expires_at": THEN,
        "classified_at": THEN,
        "push_state": "pending",
        **columns,
    }
    async with engine.begin() as connection:
        made = await connection.execute(insert(NotificationRow).values(row).returning(NotificationRow.seq))
        return int(made.scalar_one())
