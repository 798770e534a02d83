"""The race of acknowledgements and deadlines: nothing is both lost and unpushed, and nothing is pushed in vain."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from backbone.dead_letters import DeadLetters
from backbone.headers import due_at_header, due_at_of
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.record import OutRecord
from backbone.topics import PUSH_PENDING
from benchmarks.acks.race import AckRace
from devstack.demo import Demo
from domain.installation import Provider
from domain.instants import SECOND, Micros
from domain.notification import PushPending
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.dispatcher.delivery_metrics import PendingMetrics
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.outbox import OUTBOXES, Outbox
from push_service.dispatcher.pending import GROUP, PendingHandler
from push_service.dispatcher.settings import DispatcherSettings
from storage.postgres.engine import open_engine
from storage.postgres.push_decisions import AsyncPushDecisions
from storage.postgres.settings import PostgresSettings
from storage.push_decisions import Attempt, Finished, NoticeKey
from tests.backbone.kafka_kinds import in_thread, wait_until
from tests.dispatcher.push_stand import TENANT, USER, PushStand, content, key, now_micros, push_stand

COUNT = 1_000
NEVER = 100
"""The last of them are not acknowledged."""


class NullSender:
    """Takes what is in the outbox as a sender does: leave is asked just before the call."""

    def __init__(self, stand: PushStand) -> None:
        self._stand = stand
        self._outbox = OUTBOXES[Provider.FCM].name
        self._read: dict[int, int] = {}
        self.called: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            requests = self._new()
            attempts = [Attempt(each.tenant, each.user, each.id, each.installation) for each in requests]
            granted = self._stand.decisions.sending(attempts).granted
            self.called |= {each.id for each in granted}
            self._stand.decisions.finish([Finished(each, PushState.SENT) for each in granted])
            stop.wait(0.002)

    def _new(self) -> list[PushRequest]:
        found = []
        for partition in range(2):
            records = self._stand.cluster.read((self._outbox, partition), self._read.get(partition, 0), COUNT)
            self._read[partition] = self._read.get(partition, 0) + len(records)
            found += [self._stand.codec.decode(each.value or b"", PushRequest) for each in records]
        return found


class Race:
    def __init__(self, stand: PushStand, people: AsyncPushDecisions) -> None:
        self.stand = stand
        self.people = people
        self.sender = NullSender(stand)
        self.prevented: set[NoticeKey] = set()
        self.late: dict[NoticeKey, PushState] = {}
        self.names = [f"n{number}" for number in range(COUNT)]
        handover = Handover(stand.decisions, Outbox(stand.targets, stand.codec), stand.publisher, stand.codec)
        registry = CollectorRegistry()
        self.consumer = MemoryGroupConsumer(
            stand.cluster,
            GROUP,
            [PUSH_PENDING.name],
            PendingHandler(
                codec=stand.codec,
                handover=handover,
                letters=DeadLetters(stand.publisher, GROUP, registry),
                metrics=PendingMetrics(registry),
            ),
            batch_records=50,
            due_at=due_at_of,
        )

    def wait_for(self, name: str, due_at: Micros) -> None:
        told = content()
        pending = PushPending(id=name, tenant=TENANT, user=USER, due_at=due_at, content=told)
        value = self.stand.codec.encode(PUSH_PENDING, pending)
        record = OutRecord(PUSH_PENDING.name, pending.key.encode(), value, [due_at_header(due_at)])
        self.stand.publisher.publish([record])

    async def ack(self, names: list[str], at: Micros) -> None:
        await asyncio.sleep(max(0, at - now_micros()) / SECOND)
        acked = await self.people.ack(TENANT, USER, names)
        self.prevented |= acked.prevented
        self.late |= acked.others


@pytest.fixture
async def race(postgres_url: str) -> AsyncIterator[Race]:
    engine = open_engine(PostgresSettings(url=SecretStr(postgres_url)), "tests")
    with push_stand(postgres_url) as stand:
        yield Race(stand, AsyncPushDecisions(engine))
    await engine.dispose()


async def test_a_thousand_acknowledgements_around_the_deadline(race: Race) -> None:
    """Each is in time, and then nothing is pushed, or it is told that it was not."""
    choose = random.Random(7)
    for name in race.names:
        race.stand.store(name, PushState.PENDING)
    start = now_micros() + SECOND
    due = {name: start + number * 8_000 for number, name in enumerate(race.names)}
    for name, at in due.items():
        race.wait_for(name, at)
    with in_thread(race.consumer.run) as failed, in_thread(race.sender.run) as sender_failed:
        acks = []
        for first in range(0, COUNT - NEVER, 10):
            names = race.names[first : first + 10]
            acks.append(race.ack(names, due[names[0]] + choose.randint(-500_000, 200_000)))
        await asyncio.gather(*acks)
        expected = set(race.names) - {each.id for each in race.prevented}
        await asyncio.to_thread(wait_until, lambda: expected <= race.sender.called or bool(failed or sender_failed))
    assert not failed
    assert not sender_failed
    acked = race.prevented | race.late.keys()
    assert acked == {key(name) for name in race.names[: COUNT - NEVER]}, "every acknowledgement is answered"
    assert race.sender.called == expected, "what was not prevented was pushed, and nothing else"
    assert set(race.names[COUNT - NEVER :]) <= race.sender.called
    assert all(state in (PushState.SENDING, PushState.SENT) for state in race.late.values()), (
        "an acknowledgement is too late only when a sender has it"
    )
    assert race.prevented, "some were in time"
    assert race.late, "some were not"


def test_on_a_whole_stack_every_notification_is_acknowledged_or_pushed(demo: Demo, unique: str) -> None:
    """The short form of `make prove OPTIONS=acks`: by a socket, two phones and the timeline."""
    tally = asyncio.run(AckRace(demo.describe(), unique, DispatcherSettings().ack_seconds).run(30))
    assert tally.faults() == {}, tally.summary()
