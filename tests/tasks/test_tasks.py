"""Scheduled tasks on a real PostgreSQL: they do what they say, in batches, and nothing in a dry run."""

import datetime
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from domain.delivery_step import PushReceipt, Step
from domain.instants import DAY, SECOND, Micros
from domain.reference import Assignment, Order, ReferenceKind, ReferenceRecord, Watcher
from push_service.tasks.progress import Progress
from push_service.tasks.settings import TasksSettings
from push_service.tasks.table import TASKS
from push_service.tasks.task import Tools
from runtime.settings import Loaded
from storage.postgres.delivery_days import DeliveryDays
from storage.postgres.engine import open_sync_engine
from storage.postgres.follower_upkeep import Follower, FollowerUpkeep
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings
from storage.postgres.timeline import DeliverySteps

PROJECT = Path(__file__).resolve().parents[2]
NOW: Micros = 1_790_000_000 * SECOND
TODAY = datetime.date(2026, 9, 21)


class Stand:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reference: Sequence[ReferenceRecord] = ()
        self.told: list[str] = []
        self.pauses = 0
        self.now = NOW
        self.settings = TasksSettings(batch=3, pause_seconds=0.5, partition_days=3)

    def run(self, name: str, *, dry: bool = False) -> int:
        tools = Tools(Loaded({}), self.settings, self.engine, lambda: self.reference, self.now)
        return TASKS[name].run(tools, Progress(self.told.append, dry_run=dry, sleep=self._pause))

    def both(self, name: str, table: str) -> tuple[int, int]:
        """What a dry run says and what then is done; the dry run changes nothing."""
        before = self.rows(table)
        would = self.run(name, dry=True)
        assert self.rows(table) == before
        assert self.told[-1].startswith("would: ")
        return would, self.run(name)

    def rows(self, table: str) -> list[tuple[object, ...]]:
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2, 3"))]

    def execute(self, statement: str, **given: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), given)

    def _pause(self, seconds: float) -> None:
        assert seconds == 0.5
        self.pauses += 1


@pytest.fixture
def stand(postgres_url: str) -> Iterator[Stand]:
    settings = PostgresSettings(url=SecretStr(postgres_url))
    migrate(settings)
    engine = open_sync_engine(settings, "tests")
    yield Stand(engine)
    engine.dispose()


def receipt(name: str, at: Micros) -> PushReceipt:
    return PushReceipt(id=name, notification="n1", tenant="acme", user="ann", step=Step.SENT, at=at)


def test_partitions_are_made_ahead_once(stand: Stand) -> None:
    assert stand.both("make-partitions", "delivery_steps") == (3, 3)
    assert DeliveryDays(stand.engine).days() == [TODAY + datetime.timedelta(days=n) for n in range(3)]
    assert stand.run("make-partitions") == 0


def test_timelines_beyond_their_retention_go_by_the_day(stand: Stand) -> None:
    days = DeliveryDays(stand.engine)
    for ago in (29, 30, 31, 40):
        days.make(TODAY - datetime.timedelta(days=ago))
    steps = [receipt(f"{ago}", NOW - ago * DAY) for ago in (1, 29, 31, 40)]
    strays = [receipt(f"stray{n}", NOW - 100 * DAY - n) for n in range(7)]
    DeliverySteps(stand.engine).store([*steps, *strays])
    assert stand.both("expire-timeline", "delivery_steps") == (9, 9)
    assert days.days() == [TODAY - datetime.timedelta(days=ago) for ago in (30, 29)]
    assert [row[1] for row in stand.rows("delivery_steps")] == ["29", "1"]
    assert stand.pauses == 2, "between batches of 3, 3 and 1"


def test_history_beyond_its_retention_is_removed_in_batches(stand: Stand) -> None:
    for number in range(8):
        stand.execute(
            "INSERT INTO notifications (tenant, user_id, id, source, type, title, body, priority, created_at, "
            "accepted_at, expires_at, classified_at, push_state, stored_at) VALUES ('acme', 'ann', :id, 's', 'like', "
            "'t', '', 'normal', now(), now(), now(), now(), 'sent', to_timestamp(:at))",
            id=f"n{number}",
            at=(NOW - (91 if number < 7 else 89) * DAY) / SECOND,
        )
    assert stand.both("expire-history", "notifications") == (7, 7)
    assert [row[2] for row in stand.rows("notifications")] == ["n7"]
    assert stand.pauses == 2
    assert stand.run("expire-history") == 0


def test_scheduled_requests_are_removed_only_when_they_are_done_for_long(stand: Stand) -> None:
    for name, done in (("old", NOW - 40 * DAY), ("new", NOW - DAY), ("open", None)):
        stand.execute(
            "INSERT INTO scheduled_requests (tenant, id, due_at, request, done_at) "
            "VALUES ('acme', :id, to_timestamp(0), '', to_timestamp(:done))",
            id=name,
            done=None if done is None else done / SECOND,
        )
    assert stand.both("expire-schedule", "scheduled_requests") == (1, 1)
    assert [row[1] for row in stand.rows("scheduled_requests")] == ["new", "open"]


def test_stale_installations_are_disabled_and_long_disabled_ones_removed(stand: Stand) -> None:
    for name, refreshed, disabled in (
        ("fresh", NOW - DAY, None),
        ("stale", NOW - 271 * DAY, None),
        ("lately", NOW - 300 * DAY, NOW - DAY),
        ("long ago", NOW - 300 * DAY, NOW - 31 * DAY),
    ):
        stand.execute(
            "INSERT INTO installations (tenant, id, user_id, provider, platform, push_token, token_hash, token_at, "
            "created_at, refreshed_at, disabled_at) VALUES ('acme', :id, 'ann', 'fcm', 'android', :id, "
            ":hash, now(), now(), to_timestamp(:refreshed), to_timestamp(:disabled))",
            id=name,
            hash=hashlib.sha256(name.encode()).digest(),
            refreshed=refreshed / SECOND,
            disabled=None if disabled is None else disabled / SECOND,
        )
    assert stand.both("prune-installations", "installations") == (2, 2)
    with stand.engine.begin() as connection:
        found = connection.execute(text("SELECT id, disabled_reason FROM installations ORDER BY id")).all()
    assert [tuple(row) for row in found] == [("fresh", None), ("lately", None), ("stale", "stale")]


def reference(kind: ReferenceKind, name: str, **what: object) -> ReferenceRecord:
    return ReferenceRecord(kind=kind, fleet="acme.eu", id=name, updated_at=NOW, **what)  # type: ignore[arg-type]


def test_orders_that_are_over_lose_their_followers_and_nothing_else_does(stand: Stand) -> None:
    stand.reference = [
        reference(ReferenceKind.ORDER, "known", order=Order()),
        reference(ReferenceKind.ASSIGNMENT, "1", assignment=Assignment(asset="a", order="assigned", valid_from=0)),
    ]
    over = [Follower("acme", "order/acme.eu/over", f"u{number}") for number in range(7)]
    others = [
        Follower("acme", f"order/acme.eu/{name}", "ann") for name in ("known", "assigned", "followed since today")
    ] + [Follower("acme", "asset/acme.eu/over", "ann"), Follower("acme", "news", "ann")]
    upkeep = FollowerUpkeep(stand.engine)
    assert upkeep.add([*over, *others]) == 12
    stand.execute("UPDATE followers SET since = to_timestamp(:at)", at=(NOW - 31 * DAY) / SECOND)
    stand.execute(
        "UPDATE followers SET since = to_timestamp(:at) WHERE interest LIKE '%today'", at=(NOW - DAY) / SECOND
    )
    assert stand.both("prune-interests", "followers") == (7, 7)
    assert {Follower(*row[:3]) for row in stand.rows("followers")} == set(others)  # type: ignore[arg-type]


def test_interests_are_gone_through_in_pages(stand: Stand) -> None:
    upkeep = FollowerUpkeep(stand.engine)
    upkeep.add([Follower("acme", f"order/acme/{n}", f"u{user}") for n in range(5) for user in range(20)])
    upkeep.add([Follower("beta", "order/beta/1", "u")])
    found: list[tuple[str, str]] = []
    after = ("", "")
    while page := upkeep.interests(after, 2):
        assert len(page) <= 2
        found += page
        after = page[-1]
    assert found == [*(("acme", f"order/acme/{n}") for n in range(5)), ("beta", "order/beta/1")]


def test_watchers_become_followers_once(stand: Stand) -> None:
    stand.reference = [
        *(reference(ReferenceKind.WATCHER, f"{n}", watcher=Watcher(f"u{n}", "order/A-1")) for n in range(5)),
        reference(ReferenceKind.WATCHER, "again", watcher=Watcher("u1", "order/A-1")),
        reference(ReferenceKind.WATCHER, "bad", watcher=Watcher("not an id", "order/A-1")),
        reference(ReferenceKind.ORDER, "A-1", order=Order()),
    ]
    FollowerUpkeep(stand.engine).add([Follower("acme", "order/acme.eu/A-1", "u0")])
    assert stand.both("generate-interests", "followers") == (4, 4)
    assert {row[2] for row in stand.rows("followers")} == {f"u{n}" for n in range(5)}
    assert stand.run("generate-interests") == 0


def test_progress_is_told_every_few_seconds_and_at_the_end() -> None:
    told: list[str] = []
    seconds = iter(range(1000))
    progress = Progress(told.append, dry_run=False, sleep=lambda pause: None, clock=lambda: float(next(seconds)) + 10)
    left = [50]

    def work(limit: int) -> int:
        count = min(limit, left[0])
        left[0] -= count
        return count

    assert progress.in_batches(work, total=50, batch=10, pause=0.0, what="rows removed") == 50
    assert told == ["10 of 50 rows removed", "30 of 50 rows removed", "50 of 50 rows removed", "50 rows removed"]


# The command


def command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
    return subprocess.run(
        [sys.executable, "-m", "push_service.tasks", *arguments],
        cwd=PROJECT,
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_does_a_task_and_tells_what(stand: Stand, postgres_url: str) -> None:
    ran = command("make-partitions", "--dry-run", FLEETCAST_POSTGRES_URL=postgres_url)
    assert (ran.returncode, ran.stdout.count("would: made the partition of")) == (0, 7)
    ran = command("make-partitions", FLEETCAST_POSTGRES_URL=postgres_url, FLEETCAST_TASKS_PARTITION_DAYS="1")
    assert ran.returncode == 0, ran.stderr
    today = datetime.datetime.fromtimestamp(time.time(), datetime.UTC).date()
    assert abs((DeliveryDays(stand.engine).days()[0] - today).days) <= 1


def test_wrong_settings_and_unknown_tasks_end_with_2() -> None:
    assert command("no-such-task").returncode == 2
    ran = command("prune-interests", FLEETCAST_TASKS_BATCH="0")
    assert ran.returncode == 2
    for name in ("FLEETCAST_POSTGRES_URL", "FLEETCAST_TASKS_BATCH", "FLEETCAST_KAFKA_BOOTSTRAP"):
        assert name in ran.stderr
    ok = command("expire-history", "--check", FLEETCAST_POSTGRES_URL="postgresql://u@127.0.0.1:1/d")
    assert (ok.returncode, ok.stdout) == (0, "ok\n")


def test_a_database_that_is_away_ends_with_1_and_says_so() -> None:
    ran = command(
        "expire-history",
        FLEETCAST_POSTGRES_URL="postgresql://u:hush@127.0.0.1:1/d",
        FLEETCAST_POSTGRES_CONNECT_SECONDS="1",
    )
    assert ran.returncode == 1
    assert "run it again" in ran.stderr
    assert "hush" not in ran.stderr
