"""While Kafka or PostgreSQL is away: what is refused is refused at once and truthfully, and all heals by itself.

Ingest is one more process, with bounds so small that a test can reach them.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from access.minting import mint_backend
from benchmarks.official.python_watcher import PythonWatcher
from devstack.demo import Demo
from devstack.part import Part
from devstack.ports import LOOPBACK, free_port
from devstack.probes import http_ok
from tests.road.fleet import Answer, Fleet, fix, make_keys, now

IN_FLIGHT = 40
DELIVERY_SECONDS = 1
HEALED_WITHIN = 60.0


@pytest.fixture(scope="module")
def small_ingest(demo: Demo) -> Iterator[str]:
    """The address of an ingest that holds few records, and not for long."""
    port = free_port()
    bounds = {
        "FLEETCAST_INGEST_HOST": LOOPBACK,
        "FLEETCAST_INGEST_PORT": str(port),
        "FLEETCAST_KAFKA_IN_FLIGHT_RECORDS": str(IN_FLIGHT),
        "FLEETCAST_KAFKA_DELIVERY_SECONDS": str(DELIVERY_SECONDS),
    }
    url = f"http://{LOOPBACK}:{port}"
    command = demo.product.command("ingest", env=bounds)
    part = Part("small-ingest", command, ready=functools.partial(http_ok, f"{url}/readyz"), site=demo.stack.site)
    part.start()
    yield url
    part.stop()


@contextlib.asynccontextmanager
async def _frozen(part: Part) -> AsyncIterator[None]:
    """It keeps its connections, and answers nothing."""
    part.pause()
    try:
        yield
    finally:
        part.resume()


@contextlib.asynccontextmanager
async def _stopped(part: Part) -> AsyncIterator[None]:
    await asyncio.to_thread(part.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(part.start)


def _assert_unavailable(answer: Answer) -> None:
    assert answer.status == 503
    assert answer.body["type"].endswith("/unavailable")
    assert "same ids" in answer.body["detail"]
    assert int(answer.headers["Retry-After"]) > 0


async def _until_accepted(post: Callable[[], Awaitable[Answer]]) -> list[str]:
    """Send again, as the answer says, until all is accepted."""
    deadline = time.monotonic() + HEALED_WITHIN
    while (answer := await post()).status == 503:
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.1)
    assert (answer.status, answer.body["refused"]) == (202, 0)
    return answer.ids


async def test_while_kafka_is_frozen_pings_are_answered_503_and_come_later_once(
    demo: Demo, fleet: Fleet, small_ingest: str
) -> None:
    before = (await fleet.post_pings(fix(seconds=-30), url=small_ingest)).ids
    pings = [fix(seconds=-20 + number) for number in range(10)]
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        async with _frozen(demo.stack["kafka"]):
            began = time.monotonic()
            answer = await fleet.post_pings(*pings, url=small_ingest)
            assert time.monotonic() - began < DELIVERY_SECONDS + 3
            _assert_unavailable(answer)
            assert {each["status"] for each in answer.body["results"]} == {"unavailable"}
        ids = await _until_accepted(lambda: fleet.post_pings(*pings, url=small_ingest))
        assert len(set(ids)) == 10
        await watcher.seen.until_seen(fleet.channel, ids, HEALED_WITHIN)
        # The first try may have reached Kafka too: it must not show.
        last = await fleet.ping(fix(seconds=-1))
        await watcher.seen.until_seen(fleet.channel, last, HEALED_WITHIN)
        assert [each for each in watcher.seen.ids(fleet.channel) if each not in before] == [*ids, *last]


async def test_a_full_queue_refuses_what_does_not_fit_at_once(demo: Demo, fleet: Fleet, small_ingest: str) -> None:
    await fleet.post_pings(fix(seconds=-90), url=small_ingest)
    many = [fix(seconds=-80 + number) for number in range(IN_FLIGHT + 20)]
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        async with _frozen(demo.stack["kafka"]):
            first = asyncio.create_task(fleet.post_pings(*many[:IN_FLIGHT], url=small_ingest))
            await _until_in_flight(fleet, small_ingest, IN_FLIGHT)
            began = time.monotonic()
            answer = await fleet.post_pings(*many[IN_FLIGHT:], url=small_ingest)
            assert time.monotonic() - began < DELIVERY_SECONDS
            _assert_unavailable(answer)
            assert "queue" in answer.body["detail"]
            _assert_unavailable(await first)
        for start in range(0, len(many), IN_FLIGHT // 2):
            part = many[start : start + IN_FLIGHT // 2]
            ids = await _until_accepted(functools.partial(fleet.post_pings, *part, url=small_ingest))
            await watcher.seen.until_seen(fleet.channel, ids, HEALED_WITHIN)
        assert len(watcher.seen.ids(fleet.channel)) - len(many) in (0, 1), "once each, and perhaps the very first"


async def test_what_was_acknowledged_before_kafka_went_down_is_delivered_when_it_is_back(
    demo: Demo, fleet: Fleet, small_ingest: str
) -> None:
    """Kafka is stopped and started; nobody else is touched."""
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        acknowledged: list[str] = []
        for number in range(5):
            acknowledged += await fleet.ping(*(fix(seconds=-90 + 10 * number + each) for each in range(10)))
        async with _stopped(demo.stack["kafka"]):
            _assert_unavailable(await fleet.post_pings(fix(seconds=-20), url=small_ingest))
            async with fleet.session.get(f"{small_ingest}/readyz") as ready:
                assert ready.status == 503
                assert not (await ready.json())["conditions"]["kafka"]["up"]
        later = await _until_accepted(lambda: fleet.post_pings(fix(seconds=-10), url=small_ingest))
        await watcher.seen.until_seen(fleet.channel, [*acknowledged, *later], HEALED_WITHIN)
        assert [each for each in watcher.seen.ids(fleet.channel) if each in acknowledged] == acknowledged
        assert watcher.seen.connects == 1, "sockets stay open"


async def test_what_met_a_frozen_redis_is_delivered_when_it_thaws_and_all_goes_on(demo: Demo, fleet: Fleet) -> None:
    """It then does late what its clients gave up: nobody may take that for another owner of the state for good."""
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        async with _frozen(demo.stack["valkey"]):
            ids = await fleet.ping(fix(seconds=-30))
            await _until_not_ready(fleet, demo.product.admin_urls["enrich"])
        await watcher.seen.until_seen(fleet.channel, ids, HEALED_WITHIN)
        for seconds in (-20, -10):
            ids += await fleet.ping(fix(seconds=seconds))
            await watcher.seen.until_seen(fleet.channel, ids, HEALED_WITHIN)
        assert watcher.seen.ids(fleet.channel) == ids


async def test_while_postgres_is_down_known_credentials_work_and_others_are_told_to_wait(
    demo: Demo, fleet: Fleet
) -> None:
    await fleet.ping(fix(seconds=-30))
    stranger = str(mint_backend(fleet=fleet.name, tenant=None, now=now()).text)
    async with _stopped(demo.stack["postgres"]):
        assert await fleet.ping(fix(seconds=-20))
        answer = await fleet.send("POST", "/v1/pings", fix(seconds=-19), credential=stranger)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert await fleet.ping(fix(seconds=-18))
    answer = await fleet.send("POST", "/v1/pings", fix(seconds=-19), credential=stranger)
    assert answer.status == 401, "now it is known that nobody has it"
    newcomer = await make_keys(demo, fleet.name)
    answer = await fleet.send("POST", "/v1/pings", fix(seconds=-17), credential=newcomer.backend)
    assert answer.status == 202


async def _until_in_flight(fleet: Fleet, url: str, count: int) -> None:
    """Until ingest holds so many records."""
    async with asyncio.timeout(DELIVERY_SECONDS):
        while True:
            async with fleet.session.get(f"{url}/metrics") as answer:
                if f"fleetcast_kafka_in_flight_records {float(count)}" in await answer.text():
                    return


async def _until_not_ready(fleet: Fleet, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with fleet.session.get(f"{url}/readyz") as ready:
                if ready.status == 503:
                    return
            await asyncio.sleep(0.1)
