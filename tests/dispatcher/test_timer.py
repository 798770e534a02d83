"""What waits for hours comes back: produced, then marked, by whichever process has the lease."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import text

from backbone.memory.publishers import MemoryAsyncPublisher
from backbone.publishing import STOPPING, FailureReason, PublishFailed
from backbone.record import Ack, OutRecord
from backbone.topics import NOTIFICATION_REQUESTS
from domain.errors import OutageError
from domain.instants import HOUR, SECOND, Micros
from domain.notification import Notification, NotificationRequest, Phase
from push_service.dispatcher.delivery_metrics import TimerMetrics
from push_service.dispatcher.phases import digest_request, quiet_request
from push_service.dispatcher.timer import Timer
from storage.postgres.engine import open_engine
from storage.postgres.scheduled import AsyncScheduled, Scheduled
from storage.postgres.settings import PostgresSettings
from storage.scheduled import Due, ScheduledRequest, send_id
from tests.backbone.kafka_kinds import soon
from tests.dispatcher.push_stand import TENANT, USER, PushStand, content, now_micros, push_stand


class Publisher:
    """Takes the first `takes` records of a call, and refuses the others with `failure`."""

    def __init__(self, stand: PushStand) -> None:
        self._real = MemoryAsyncPublisher(stand.cluster)
        self.takes = 1_000_000
        self.failure = STOPPING

    async def publish(self, records: Sequence[OutRecord]) -> list[Ack | PublishFailed]:
        taken = await self._real.publish(records[: self.takes])
        return [*taken, *([self.failure] * (len(records) - len(taken)))]


class Forgetful:
    """The process dies before what was produced is marked."""

    def __init__(self, real: AsyncScheduled) -> None:
        self._real = real

    async def lease(self, limit: int, seconds: float) -> Sequence[Due]:
        return await self._real.lease(limit, 0.0)

    async def done(self, due: Sequence[Due]) -> int:
        raise ZeroDivisionError


class Stand:
    def __init__(self, pushes: PushStand, scheduled: AsyncScheduled) -> None:
        self.pushes = pushes
        self.scheduled = scheduled
        self.putting = Scheduled(pushes.engine)
        self.publisher = Publisher(pushes)
        self.registry = CollectorRegistry()
        self.timer = self.new_timer()

    def new_timer(self, batch: int = 500) -> Timer:
        self.registry = CollectorRegistry()
        metrics = TimerMetrics(self.registry)
        return Timer(self.scheduled, self.publisher, self.pushes.codec, metrics, every=0.02, batch=batch)

    def later(self, name: str, due_at: Micros) -> None:
        told = content()
        request = NotificationRequest(id=name, tenant=TENANT, users=[USER], send_at=due_at, content=told)
        self.putting.put([ScheduledRequest(send_id(name), due_at, request)])

    def produced(self) -> list[NotificationRequest]:
        return self.pushes.read(NOTIFICATION_REQUESTS, NotificationRequest)

    def open_rows(self) -> int:
        with self.pushes.engine.begin() as connection:
            return int(
                connection.execute(text("SELECT count(*) FROM scheduled_requests WHERE done_at IS NULL")).scalar_one()
            )

    def outcome(self, name: str) -> float:
        return self.registry.get_sample_value("fleetcast_dispatcher_scheduled_requests_total", {"outcome": name}) or 0


@pytest.fixture
async def stand(postgres_url: str) -> AsyncIterator[Stand]:
    with push_stand(postgres_url) as pushes:
        engine = open_engine(PostgresSettings(url=SecretStr(postgres_url)), "tests")
        yield Stand(pushes, AsyncScheduled(engine))
        await engine.dispose()


async def test_what_is_due_is_produced_once_and_what_is_not_waits(stand: Stand) -> None:
    stand.later("r1", now_micros() - SECOND)
    stand.later("later", now_micros() + HOUR)
    held = Notification(id="n1", tenant=TENANT, user=USER, content=content())
    stand.putting.put([quiet_request(held, now_micros()), digest_request(TENANT, USER, "like", now_micros() - HOUR)])
    assert not await stand.timer.turn()
    assert not await stand.timer.turn()
    found = {each.id: each for each in stand.produced()}
    assert len(found) == len(stand.produced()) == 3
    assert (found["r1"].phase, found["r1"].send_at, found["r1"].users) == (Phase.SHOW, None, [USER])
    assert sorted(each.phase for each in found.values()) == ["digest", "push", "show"]
    keys = {each.key for each in stand.pushes.cluster.records(NOTIFICATION_REQUESTS.name)}
    assert keys == {f"{TENANT}/{USER}".encode()}
    assert stand.open_rows() == 1


async def test_the_service_finds_what_becomes_due_and_stops_when_told(stand: Stand) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(stand.timer.run(stopping))
    stand.later("soon", now_micros() + SECOND // 2)
    await soon(lambda: bool(stand.produced()))
    stopping.set()
    await running


async def test_many_that_are_due_go_in_bounded_batches_without_a_pause(stand: Stand) -> None:
    for number in range(7):
        stand.later(f"r{number}", now_micros() - SECOND)
    timer = stand.new_timer(batch=3)
    assert [await timer.turn() for _ in range(3)] == [True, True, False]
    assert len(stand.produced()) == 7


async def test_what_kafka_did_not_take_comes_again_and_the_rest_is_done(stand: Stand) -> None:
    stand.later("r1", now_micros() - 2 * SECOND)
    stand.later("r2", now_micros() - SECOND)
    stand.publisher.takes = 1
    with pytest.raises(OutageError):
        await stand.timer.turn()
    assert [each.id for each in stand.produced()] == ["r1"]
    assert stand.open_rows() == 1
    assert stand.outcome("produced") == 1


async def test_a_crash_before_the_mark_produces_it_once_more(stand: Stand) -> None:
    stand.later("r1", now_micros() - SECOND)
    dying = Timer(
        Forgetful(stand.scheduled), stand.publisher, stand.pushes.codec, TimerMetrics(CollectorRegistry()), every=0.02
    )
    with pytest.raises(ZeroDivisionError):
        await dying.turn()
    await stand.timer.turn()
    assert [each.id for each in stand.produced()] == ["r1", "r1"], "under the same id, which is recognised downstream"
    assert stand.open_rows() == 0


async def test_what_can_never_be_produced_is_told_and_holds_up_nobody(stand: Stand) -> None:
    stand.later("bad", now_micros() - 3 * SECOND)
    stand.later("good", now_micros() - 2 * SECOND)
    stand.later("huge", now_micros() - SECOND)
    with stand.pushes.engine.begin() as connection:
        connection.execute(text("UPDATE scheduled_requests SET request = 'x' WHERE id = 'send:bad'"))
    stand.publisher.takes = 1
    stand.publisher.failure = PublishFailed(FailureReason.TOO_LARGE, "too large", retryable=False, ambiguous=False)
    assert not await stand.timer.turn()
    assert [each.id for each in stand.produced()] == ["good"]
    assert stand.open_rows() == 0
    assert (stand.outcome("unreadable"), stand.outcome("refused")) == (1, 1)


async def test_an_outage_of_postgresql_is_waited_out(stand: Stand) -> None:
    class Away:
        tries = 0

        async def lease(self, limit: int, seconds: float) -> Sequence[Due]:
            self.tries += 1
            if self.tries == 1:
                raise OutageError("PostgreSQL is away")
            return await stand.scheduled.lease(limit, seconds)

        async def done(self, due: Sequence[Due]) -> int:
            return await stand.scheduled.done(due)

    stand.later("r1", now_micros() - SECOND)
    timer = Timer(Away(), stand.publisher, stand.pushes.codec, TimerMetrics(CollectorRegistry()), every=0.02)
    stopping = asyncio.Event()
    running = asyncio.create_task(timer.run(stopping))
    await soon(lambda: bool(stand.produced()))
    stopping.set()
    await running


async def test_two_timers_share_the_work(stand: Stand) -> None:
    for number in range(40):
        stand.later(f"r{number}", now_micros() - SECOND)
    timers = [stand.new_timer(batch=5) for _ in range(2)]
    while any(await asyncio.gather(*(timer.turn() for timer in timers))):
        pass
    names = [each.id for each in stand.produced()]
    assert len(names) == len(set(names)) == 40
