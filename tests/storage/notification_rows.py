"""PostgreSQL with notifications for tests, and notifications to put there."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr
from sqlalchemy import Engine

from domain.instants import DAY, SECOND, Micros
from domain.notification import NoticeContent, Notification
from domain.push_state import PushState
from storage.notification_log import NewNotice
from storage.postgres.engine import open_sync_engine
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings

NOW = 1_800_000_000 * SECOND


def migrated_settings(url: str) -> PostgresSettings:
    settings = PostgresSettings(url=SecretStr(url))
    migrate(settings)
    return settings


@contextmanager
def migrated_sync_engine(url: str) -> Iterator[Engine]:
    engine = open_sync_engine(migrated_settings(url), "tests")
    yield engine
    engine.dispose()


def content(
    *, kind: str = "message", match_key: str | None = None, match_version: int | None = None, now: Micros = NOW
) -> NoticeContent:
    return NoticeContent(
        type=kind,
        title="Order A-1",
        body="out for delivery",
        data=b'{"a": "\\u0000\xc3\xa9"}',
        created_at=now + 1,
        accepted_at=now + 2,
        expires_at=now + DAY,
        interest="order/acme/A-1",
        match_key=match_key,
        match_version=match_version,
    )


def new_notice(
    name: str,
    *,
    user: str = "u1",
    source: str = "",
    state: PushState = PushState.PENDING,
    match_key: str | None = None,
    match_version: int | None = None,
) -> NewNotice:
    told = content(match_key=match_key, match_version=match_version)
    notification = Notification(id=name, tenant="acme", user=user, content=told)
    return NewNotice(notification, source or f"topic/0/{name}", NOW + 3, state)
