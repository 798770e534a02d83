"""Receipts become delivery steps, each once, and the day's partition is there before they are."""

import datetime
from collections.abc import Iterator, Sequence

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from backbone.dead_letters import DeadLetters
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.record import OutRecord
from backbone.topics import PUSH_RECEIPTS, dead_letter_topic
from domain.delivery_step import PushReceipt, Step
from domain.errors import OutageError
from domain.instants import DAY, HOUR, SECOND, Micros
from push_service.dispatcher.delivery_metrics import TimelineMetrics
from push_service.dispatcher.receipts import receipt_record, step_receipt
from push_service.dispatcher.timeline import GROUP, TimelineHandler
from storage.postgres.delivery_days import DeliveryDays
from storage.postgres.timeline import DeliverySteps
from tests.dispatcher.push_stand import PushStand, key, push_stand

NOON: Micros = 1_790_000_000 * SECOND
TODAY = datetime.date(2026, 9, 21)


class Brittle:
    """Stores, unless it is told to be away: then also after it has stored."""

    def __init__(self, real: DeliverySteps) -> None:
        self._real = real
        self.away = 0

    def store(self, receipts: Sequence[PushReceipt]) -> int:
        stored = self._real.store(receipts)
        if self.away:
            self.away -= 1
            raise OutageError("the answer was lost")
        return stored


class Stand:
    def __init__(self, pushes: PushStand) -> None:
        self.pushes = pushes
        self.now = NOON
        self.steps = Brittle(DeliverySteps(pushes.engine))
        self.days = DeliveryDays(pushes.engine)
        self.registry = CollectorRegistry()
        handler = TimelineHandler(
            codec=pushes.codec,
            steps=self.steps,
            days=self.days,
            letters=DeadLetters(pushes.publisher, GROUP, self.registry),
            metrics=TimelineMetrics(self.registry),
            clock=lambda: self.now,
        )
        self.consumer = MemoryGroupConsumer(pushes.cluster, GROUP, [PUSH_RECEIPTS.name], handler, batch_records=3)

    def tell(self, name: str, step: Step, at: Micros) -> None:
        self.pushes.publisher.publish([receipt_record(self.pushes.codec, step_receipt(key(name), step, at))])

    def rows(self) -> list[tuple[str, str]]:
        with self.pushes.engine.begin() as connection:
            found = connection.execute(text("SELECT notification, step FROM delivery_steps ORDER BY at, id"))
            return [(row.notification, row.step) for row in found]


@pytest.fixture
def stand(postgres_url: str) -> Iterator[Stand]:
    with push_stand(postgres_url) as pushes:
        yield Stand(pushes)


def test_each_receipt_is_one_step_also_when_it_comes_again_and_when_the_store_was_away(stand: Stand) -> None:
    told = [("n1", Step.SENT), ("n1", Step.QUEUED), ("n2", Step.SENT), ("n3", Step.SENT), ("n1", Step.CANCELLED)]
    for number, (name, step) in enumerate(told):
        stand.tell(name, step, NOON + number)
        stand.tell(name, step, NOON + number)
    stand.steps.away = 2
    while not stand.consumer.drain():
        pass
    assert stand.rows() == told
    value = stand.registry.get_sample_value
    assert (value("fleetcast_timeline_receipts_total", {"outcome": "repeat"}) or 0) >= 5


def test_partitions_of_today_and_tomorrow_are_made_ahead_and_each_day_anew(stand: Stand) -> None:
    assert stand.consumer.drain()
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert stand.days.days() == [TODAY, tomorrow]
    stand.now += HOUR
    assert stand.consumer.drain()
    stand.now += DAY
    assert stand.consumer.drain()
    assert stand.days.days() == [TODAY, tomorrow, tomorrow + datetime.timedelta(days=1)]


def test_a_partition_that_cannot_be_made_stops_nothing(stand: Stand) -> None:
    stand.tell("n1", Step.SENT, NOON)
    with stand.pushes.engine.begin() as other:
        other.execute(text("LOCK TABLE delivery_steps_default IN ROW EXCLUSIVE MODE"))
        assert stand.consumer.drain()
    assert stand.rows() == [("n1", Step.SENT)]
    assert stand.days.days() == []


def test_what_is_no_receipt_is_buried(stand: Stand) -> None:
    stand.pushes.publisher.publish([OutRecord(PUSH_RECEIPTS.name, b"k", b"nonsense")])
    stand.tell("n1", Step.SENT, 32_503_680_000 * SECOND)
    stand.tell("n2", Step.SENT, -1)
    stand.tell("n3", Step.SENT, NOON)
    assert stand.consumer.drain()
    assert stand.rows() == [("n3", Step.SENT)]
    assert len(stand.pushes.cluster.records(dead_letter_topic(PUSH_RECEIPTS.name, GROUP))) == 3
