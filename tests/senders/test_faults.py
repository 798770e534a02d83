"""What is around the senders breaks: Kafka, PostgreSQL, the provider, the process itself."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from backbone.record import Ack, OutRecord
from devstack.fakes.faults import Answer, Then
from devstack.fakes.fcm import FCM
from devstack.fakes.serving import Fakes
from domain.errors import OutageError
from domain.instants import SECOND
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.senders.sender import Accepted, Outcome, Sender
from tests.senders.pushes import content, now
from tests.senders.world import World

MANY = 40


@pytest.fixture
async def world(fcm: Sender) -> World:
    return World("fcm", fcm)


def arrivals(fakes: Fakes) -> list[int]:
    return [arrival.count for phone in fakes.phones.all() for arrival in phone.arrived.values()]


async def test_with_the_history_away_nothing_is_sent_and_then_all_once(fakes: Fakes, world: World) -> None:
    requests = [world.queue() for _ in range(MANY)]
    world.history.away = True
    assert not await world.drain()
    assert fakes.fcm.requests == 0

    world.history.away = False
    await world.drained()

    assert arrivals(fakes) == [1] * MANY
    assert all(world.state(request) is PushState.SENT for request in requests)


@pytest.mark.parametrize("goes", ["kafka", "history"])
async def test_a_store_that_goes_away_after_the_call_does_not_make_it_twice(
    fakes: Fakes, world: World, goes: str
) -> None:
    """What became of the calls is remembered and written down when the store is back."""
    requests = [world.queue() for _ in range(MANY)]
    send_all = world.pool.send_all

    async def and_then_it_is_gone(pushes: Sequence[PushRequest]) -> object:
        calls = await send_all(pushes)
        if goes == "kafka":
            world.cluster.down()
        else:
            world.history.away = True
        return calls

    world.pool.send_all = and_then_it_is_gone  # type: ignore[assignment, method-assign]
    assert not await world.drain()
    assert not await world.drain()
    world.pool.send_all = send_all  # type: ignore[method-assign]
    world.cluster.up()
    world.history.away = False
    await world.drained()

    assert arrivals(fakes) == [1] * MANY
    assert all(world.steps(request)[0] == ("attempted", "accepted") for request in requests)
    assert all(world.state(request) is PushState.SENT for request in requests)


@pytest.mark.parametrize("answer", [Answer(name="UNAVAILABLE"), Answer(then=Then.RESET), Answer(then=Then.SILENCE)])
async def test_a_provider_that_is_down_spills_nothing_and_gets_all_when_it_is_back(
    fakes: Fakes, fcm: Sender, answer: Answer
) -> None:
    world = World("fcm", fcm, send_seconds=0.3, pause_after=5)
    fakes.fcm.faults.always(None, answer)
    requests = [world.queue() for _ in range(200)]

    for _ in range(10):
        assert not await world.drain()
    asked = fakes.fcm.requests
    assert sum(len(records) for records in world.retries().values()) <= 5
    assert asked < 200
    assert world.count("fleetcast_senders_paused") == 1
    fakes.fcm.faults.clear()
    await world.drained()
    world.later(13)
    await world.drained()

    assert all(world.state(request) is PushState.SENT for request in requests)
    assert [len(phone.shown) for phone in fakes.phones.all()] == [1] * 200
    assert world.count("fleetcast_senders_paused") == 0


async def test_while_a_provider_is_down_acknowledgements_and_ends_of_time_count(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm, pause_after=1, pause_seconds=0.3, longest_pause_seconds=0.3)
    fakes.fcm.faults.always(None, Answer(name="UNAVAILABLE"))
    first, acked, late = world.queue(), world.queue(), world.queue(told=content(expires_at=now() + 5 * SECOND))
    assert not await world.drain()

    world.ack(acked)
    world.later(6)
    assert not await world.drain()
    assert world.steps(late)[-1] == ("expired", None)
    fakes.fcm.faults.clear()
    await world.drained()

    assert world.steps(acked)[-1] == ("cancelled", "acked")
    assert world.state(first) is PushState.SENT
    assert fakes.phones.known(FCM, acked.push_token) is None


async def test_after_a_pause_it_is_sent_slowly_at_first(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm, start_rate=20.0, rate=1_000.0, rate_doubles=0.5, pause_after=1)
    fakes.fcm.faults.plan(None, [Answer(name="UNAVAILABLE")])
    for _ in range(60):
        world.queue()
    loop = asyncio.get_running_loop()
    began = loop.time()

    await world.drained()

    # 20 a second doubling each half second: 60 take 0.9 s; at the full rate they would take 0.06 s.
    assert loop.time() - began > 0.6


async def test_a_project_that_sends_too_much_pauses_for_as_long_as_it_is_told(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm)
    world.queue()
    fakes.fcm.faults.plan(None, [Answer(name="QUOTA_EXCEEDED", headers={"Retry-After": "1"})])
    loop = asyncio.get_running_loop()
    assert not await world.drain()
    began = loop.time()

    await world.drained()

    assert 0.8 < loop.time() - began < 5.0
    assert world.retries() == {}
    assert fakes.fcm.requests == 2


class Dies(BaseException):
    """kill -9, as far as the rest of the process sees it."""


STEPS = ("senders.granted", "senders.called", "senders.told", "senders.decided")


@pytest.mark.parametrize("place", STEPS)
async def test_killed_between_any_two_steps_a_phone_shows_it_once_and_the_timeline_is_complete(
    fakes: Fakes, fcm: Sender, place: str
) -> None:
    world = World("fcm", fcm)
    requests = [world.queue() for _ in range(MANY)]
    fakes.fcm.faults.plan(requests[0].push_token, [Answer(name="INTERNAL")])
    fakes.fcm.faults.always(requests[1].push_token, Answer(name="UNREGISTERED"))
    fakes.fcm.faults.always(requests[2].push_token, Answer(name="INVALID_FIELD"))

    def die(name: str) -> None:
        if name == place:
            raise Dies

    world.start(fcm, reached=die)
    with pytest.raises(Dies):
        await world.drain()
    world.start(fcm)
    for _ in range(4):
        await world.drained()
        world.queue()  # accepted, it ends the alarm about the third
        world.later(80)

    for request in [requests[0], *requests[3:]]:
        assert world.state(request) is PushState.SENT
        assert len(fakes.phones.phone(FCM, request.push_token).shown) == 1
        assert ("attempted", "accepted") in world.steps(request)
    assert [world.state(request) for request in requests[1:3]] == [PushState.FAILED] * 2
    assert not world.active(requests[1])
    assert world.letters()
    for request in requests[1:3]:
        assert world.steps(request)[-1][0] in ("failed", "cancelled")


class Gate:
    """A provider that takes its time, and tells when it was asked."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.open = asyncio.Event()

    async def send(self, push: PushRequest) -> Outcome:
        self.asked.set()
        await self.open.wait()
        return Accepted(None)

    async def close(self) -> None:
        pass


async def test_told_to_stop_it_ends_the_calls_that_it_has_begun_and_begins_no_other() -> None:
    gate = Gate()
    world = World("fcm", gate, concurrency=10)
    requests = [world.queue() for _ in range(MANY)]
    going = asyncio.create_task(world.drain())
    await gate.asked.wait()
    await asyncio.sleep(0)

    world.stopping.set()
    gate.open.set()

    assert not await going
    states = [world.state(request) for request in requests]
    assert states.count(PushState.SENT) == 10


class Unsteady:
    """Publishes, but the first time only half of it."""

    def __init__(self, publish: Callable[[Sequence[OutRecord]], list[Ack]]) -> None:
        self._publish = publish
        self._first = threading.Lock()

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        if self._first.acquire(blocking=False):
            self._publish(records[: len(records) // 2])
            raise OutageError("half of it")
        return self._publish(records)


async def test_what_is_told_again_has_the_same_ids(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm)
    requests = [world.queue() for _ in range(MANY)]
    world.start(fcm, publishing=Unsteady)

    await world.drained()

    assert arrivals(fakes) == [1] * MANY
    for request in requests:
        assert len({(each.id, each.at) for each in world.receipts(request)}) == 1
