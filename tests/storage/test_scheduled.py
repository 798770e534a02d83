"""Scheduled requests: kept until they are due, leased by one at a time, never lost and never done by mistake."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import OutageError
from domain.instants import HOUR, SECOND, Micros
from domain.notification import NoticeContent, NotificationRequest, Phase
from storage.postgres.engine import open_engine, open_sync_engine
from storage.postgres.migrations import migrate
from storage.postgres.scheduled import AsyncScheduled, Scheduled
from storage.postgres.settings import PostgresSettings
from storage.scheduled import Due, ScheduledRequest, digest_id, quiet_id, send_id


@pytest.fixture
def settings(postgres_url: str) -> PostgresSettings:
    settings = PostgresSettings(url=SecretStr(postgres_url))
    migrate(settings)
    return settings


@pytest.fixture
def engine(settings: PostgresSettings) -> Iterator[Engine]:
    engine = open_sync_engine(settings, "tests")
    yield engine
    engine.dispose()


@pytest.fixture
async def loop_engine(settings: PostgresSettings) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(settings, "tests")
    yield engine
    await engine.dispose()


def now() -> Micros:
    return time.time_ns() // 1000


def request(name: str, **changes: object) -> NotificationRequest:
    content = NoticeContent(type="like", title="T", body="", created_at=1, accepted_at=2, expires_at=3, data=b"{}")
    made = NotificationRequest(id=name, tenant="acme", users=["ann"], phase=Phase.PUSH, content=content)
    return msgspec.structs.replace(made, **changes)


def scheduled(name: str, due_at: Micros) -> ScheduledRequest:
    return ScheduledRequest(send_id(name), due_at, request(name))


def names(due: list[Due]) -> list[str]:
    return [each.id for each in due]


async def test_what_is_due_is_leased_whole_and_in_order_and_what_is_not_waits(
    engine: Engine, loop_engine: AsyncEngine
) -> None:
    then = now()
    Scheduled(engine).put([scheduled("b", then - SECOND), scheduled("a", then - HOUR), scheduled("later", then + HOUR)])
    due = await AsyncScheduled(loop_engine).lease(10, 30.0)
    assert names(due) == ["send:a", "send:b"]
    assert due[0] == Due("acme", "send:a", then - HOUR, request("a"))


async def test_what_one_has_leased_no_other_gets_until_the_lease_ends(engine: Engine, loop_engine: AsyncEngine) -> None:
    timer, other = AsyncScheduled(loop_engine), AsyncScheduled(loop_engine)
    Scheduled(engine).put([scheduled(f"r{number:02}", now() - SECOND) for number in range(40)])
    leases = await asyncio.gather(*(each.lease(10, 0.3) for each in (timer, other, timer, other)))
    assert sorted(name for lease in leases for name in names(lease)) == [f"send:r{n:02}" for n in range(40)]
    assert await timer.lease(10, 30.0) == []
    again: list[Due] = []
    async with asyncio.timeout(10):
        while len(again) < 40:
            again += await other.lease(40, 30.0)
    assert len(set(names(again))) == 40, "who had them died"


async def test_what_is_done_comes_again_only_when_it_is_put_again(engine: Engine, loop_engine: AsyncEngine) -> None:
    timer = AsyncScheduled(loop_engine)
    put = [scheduled("a", now() - SECOND), scheduled("a", now() - SECOND)]
    Scheduled(engine).put(put)
    due = await timer.lease(10, 0.0)
    assert await timer.done(due) == 1
    assert await timer.done(due) == 0, "somebody else was faster"
    assert await timer.lease(10, 0.0) == []
    assert await timer.done([]) == 0
    Scheduled(engine).put([scheduled("a", put[0].due_at - SECOND)])
    assert await timer.lease(10, 0.0) == [], "what is put late by a batch that is done again is older"
    Scheduled(engine).put(put)
    assert len(await timer.lease(10, 0.0)) == 1, "a digest may have one more, held back as its window ended"


async def test_what_was_put_off_while_it_was_leased_stays(engine: Engine, loop_engine: AsyncEngine) -> None:
    """A push comes back and finds quiet hours again before the timer has marked it."""
    timer = AsyncScheduled(loop_engine)
    first = now() - SECOND
    Scheduled(engine).put([scheduled("a", first)])
    due = await timer.lease(10, 30.0)
    Scheduled(engine).put([scheduled("a", first + 1), scheduled("a", first - HOUR)])
    assert await timer.done(due) == 0
    assert [each.due_at for each in await timer.lease(10, 30.0)] == [first + 1]


async def test_a_row_that_nobody_can_read_holds_up_no_other(engine: Engine, loop_engine: AsyncEngine) -> None:
    timer = AsyncScheduled(loop_engine)
    Scheduled(engine).put([scheduled("a", now() - SECOND), scheduled("b", now() - SECOND)])
    with engine.begin() as connection:
        connection.execute(text("UPDATE scheduled_requests SET request = '\\xff' WHERE id = 'send:a'"))
    due = await timer.lease(10, 30.0)
    assert {each.id: each.request is None for each in due} == {"send:a": True, "send:b": False}
    assert await timer.done(due) == 2


def test_ids_say_what_is_waited_for() -> None:
    assert [send_id("r"), quiet_id("u", "n"), digest_id("u", "like", 7)] == ["send:r", "quiet:u/n", "digest:u/like/7"]


async def test_an_outage_is_told_as_one() -> None:
    settings = PostgresSettings(url=SecretStr("postgresql://u:p@127.0.0.1:1/none"), connect_seconds=1)
    away = open_sync_engine(settings, "tests")
    with pytest.raises(OutageError):
        Scheduled(away).put([scheduled("a", 1)])
    away.dispose()
    loop_away = open_engine(settings, "tests")
    with pytest.raises(OutageError):
        await AsyncScheduled(loop_away).lease(1, 1.0)
    await loop_away.dispose()
