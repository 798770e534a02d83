"""Delivery steps in PostgreSQL: stored once, in the partition of their day, and read in order and in bounds."""

import datetime
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.delivery_step import PushReceipt, Step
from domain.errors import OutageError
from domain.instants import DAY, HOUR, SECOND, Micros
from storage.postgres.delivery_days import DeliveryDays
from storage.postgres.engine import open_engine, open_sync_engine
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings
from storage.postgres.tables import to_timestamp
from storage.postgres.timeline import DeliverySteps, Timelines
from storage.timeline import MAX_RANGE, MAX_STEPS, DeliveryCount

NOON: Micros = 1_790_000_000 * SECOND  # 2026-09-21T14:13:20Z
TODAY = datetime.date(2026, 9, 21)


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


def receipt(name: str, step: Step = Step.SENT, at: Micros = NOON, **changes: Any) -> PushReceipt:
    made = PushReceipt(id=name, notification="n1", tenant="acme", user="ann", step=step, at=at)
    return msgspec.structs.replace(made, **changes)


def pushed(name: str, **changes: Any) -> PushReceipt:
    device = {"installation": "phone", "platform": "android", "model": "Pixel 9", "provider": "fcm"}
    return receipt(name, Step.ATTEMPTED, **{**device, "outcome": "accepted", **changes})


def count(engine: Engine, table: str = "delivery_steps") -> int:
    with engine.begin() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def notice(engine: Engine, **changes: str) -> None:
    """Stored a second after noon."""
    columns = {
        "accepted_at": "timestamptz '2026-09-21T14:13:20Z'",
        "classified_at": "timestamptz '2026-09-21T14:13:20.5Z'",
        "stored_at": "timestamptz '2026-09-21T14:13:21Z'",
        "created_at": "now()",
        "expires_at": "now()",
        "push_state": "'sent'",
    } | changes
    with engine.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO notifications (tenant, user_id, id, source, type, title, body, priority, "
                f"{', '.join(columns)}) VALUES ('acme', 'ann', 'n1', 's', 'like', 't', '', 'normal', "
                f"{', '.join(columns.values())})"
            )
        )


def test_what_is_told_twice_is_stored_once(engine: Engine) -> None:
    steps = DeliverySteps(engine)
    assert steps.store([]) == 0
    assert steps.store([receipt("a"), receipt("b"), receipt("a")]) == 2
    assert steps.store([receipt("b"), receipt("c")]) == 1
    assert count(engine) == 3
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT at FROM delivery_steps WHERE id = 'a'")) == to_timestamp(NOON)


def test_a_text_that_postgresql_cannot_keep_is_kept_otherwise(engine: Engine) -> None:
    assert DeliverySteps(engine).store([receipt("a", detail='bad\x00 "answer" \\u0000')]) == 1
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT detail FROM delivery_steps")) == 'bad\ufffd "answer" \\ufffd'


def test_a_step_of_a_day_without_a_partition_is_kept_and_moves_when_there_is_one(engine: Engine) -> None:
    steps, days = DeliverySteps(engine), DeliveryDays(engine)
    steps.store([receipt("a"), receipt("b", at=NOON + DAY), receipt("c", at=NOON - DAY)])
    assert days.missing(TODAY, 2) == [TODAY, TODAY + datetime.timedelta(days=1)]
    assert days.make(TODAY) == 1
    assert days.make(TODAY) == 0, "it is there"
    assert days.days() == [TODAY]
    assert count(engine, "delivery_steps_20260921") == 1
    assert count(engine, "delivery_steps_default") == 2
    steps.store([receipt("a"), receipt("d")])
    assert count(engine, "delivery_steps_20260921") == 2, "what is told again is still known"


def test_a_day_is_dropped_whole_and_strays_in_bounds(engine: Engine) -> None:
    steps, days = DeliverySteps(engine), DeliveryDays(engine)
    days.make(TODAY)
    steps.store([receipt("a"), *(receipt(f"{n}", at=NOON - DAY - n) for n in range(5))])
    assert days.count_strays(NOON) == 5
    assert [days.remove_strays(NOON, 3) for _ in range(3)] == [3, 2, 0]
    days.drop(TODAY)
    days.drop(TODAY)
    assert days.days() == []
    assert count(engine) == 0


def test_a_table_in_use_is_an_outage_and_not_a_wait_for_ever(engine: Engine) -> None:
    days = DeliveryDays(engine)
    with engine.begin() as other:
        other.execute(text("LOCK TABLE delivery_steps_default IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(OutageError):
            days.make(TODAY)
    assert days.make(TODAY) == 0
    assert days.days() == [TODAY]


async def test_a_timeline_is_the_row_and_the_receipts_in_the_order_of_time(
    engine: Engine, loop_engine: AsyncEngine
) -> None:
    notice(engine, read_at="timestamptz '2026-09-21T14:14:00Z'", acked_at="timestamptz '2026-09-21T14:13:30Z'")
    DeliverySteps(engine).store(
        [
            pushed("c", at=NOON + 5 * SECOND, provider_id="projects/1", attempt=1),
            receipt("b", Step.QUEUED, NOON + 4 * SECOND),
            receipt("a", Step.SENT, NOON + 2 * SECOND, gateway="g1", client="c1"),
            receipt("d", Step.ACKED, NOON + 9 * SECOND, client="c1"),
            receipt("x", notification="n2"),
            receipt("y", user="bob"),
            receipt("z", tenant="other"),
        ]
    )
    timeline = await Timelines(loop_engine).read("acme", "ann", "n1")
    assert timeline is not None
    assert [each.step for each in timeline.steps] == [
        Step.ACCEPTED,
        Step.CLASSIFIED,
        Step.STORED,
        Step.SENT,
        Step.QUEUED,
        Step.ATTEMPTED,
        Step.ACKED,
        Step.READ,
    ]
    attempted, acked, read = timeline.steps[5:]
    assert (attempted.outcome, attempted.provider_id, attempted.attempt, attempted.model) == (
        "accepted",
        "projects/1",
        1,
        "Pixel 9",
    )
    assert acked.client == "c1", "the receipt says more than the row"
    assert read.at == NOON + 40 * SECOND
    assert (timeline.type, timeline.push_state, timeline.replaced_by, timeline.complete) == ("like", "sent", None, True)


async def test_what_was_told_again_later_is_shown_once_and_a_correction_as_one(
    engine: Engine, loop_engine: AsyncEngine
) -> None:
    notice(engine, correction="true", replaced_by="'n7'")
    DeliverySteps(engine).store([receipt("a", at=NOON + 9 * SECOND), receipt("a", at=NOON + 2 * SECOND)])
    timeline = await Timelines(loop_engine).read("acme", "ann", "n1")
    assert timeline is not None
    assert [(each.step, each.at) for each in timeline.steps][3:] == [(Step.SENT, NOON + 2 * SECOND)]
    assert timeline.steps[1].outcome == "correction"
    assert timeline.replaced_by == "n7"


async def test_a_timeline_that_is_not_there_and_one_that_is_too_long(engine: Engine, loop_engine: AsyncEngine) -> None:
    timelines = Timelines(loop_engine)
    assert await timelines.read("acme", "ann", "n1") is None
    notice(engine)
    DeliverySteps(engine).store([receipt(f"{n}", at=NOON + n) for n in range(MAX_STEPS + 5)])
    timeline = await timelines.read("acme", "ann", "n1")
    assert timeline is not None
    assert not timeline.complete
    assert len(timeline.steps) == MAX_STEPS + 3


async def test_statistics_count_by_device_and_outcome_within_the_range(
    engine: Engine, loop_engine: AsyncEngine
) -> None:
    DeliveryDays(engine).make(TODAY)
    DeliverySteps(engine).store(
        [
            *(pushed(f"a{n}", at=NOON + n) for n in range(3)),
            pushed("b", outcome="unregistered", model=None),
            pushed("before", at=NOON - HOUR),
            pushed("after", at=NOON + HOUR),
            pushed("foreign", tenant="other"),
            receipt("socket"),
        ]
    )
    found = await Timelines(loop_engine).statistics("acme", NOON, NOON + HOUR)
    device = {"platform": "android", "provider": "fcm", "step": Step.ATTEMPTED}
    assert found == [
        DeliveryCount(**device, model="Pixel 9", outcome="accepted", count=3),
        DeliveryCount(**device, model=None, outcome="unregistered", count=1),
    ]
    for since, until in ((NOON, NOON), (NOON, NOON + MAX_RANGE + 1)):
        with pytest.raises(ValueError, match="range"):
            await Timelines(loop_engine).statistics("acme", since, until)


def test_statistics_and_timelines_look_at_no_other_day(engine: Engine) -> None:
    """PostgreSQL's own plan: partitions of other days are not in it."""
    days = DeliveryDays(engine)
    for number in range(3):
        days.make(TODAY + datetime.timedelta(days=number))
    with engine.begin() as connection:
        plan = "\n".join(
            connection.scalars(
                text(
                    "EXPLAIN SELECT count(*) FROM delivery_steps WHERE tenant = 'acme' AND installation IS NOT NULL "
                    "AND at >= '2026-09-22T00:00:00Z' AND at < '2026-09-23T00:00:00Z'"
                )
            )
        )
    assert "delivery_steps_20260922" in plan
    assert "delivery_steps_20260921" not in plan
    assert "delivery_steps_20260923" not in plan
