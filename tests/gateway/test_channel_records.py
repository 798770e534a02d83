"""What a client missed before the log begins: told by the index, else by one shared look through the partition."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from backbone.lookups import Place
from backbone.partition_fetcher import Wanted
from backbone.partition_reader import ReadProblem
from backbone.record import InRecord
from backbone.topic_scan import Range
from domain.errors import OutageError
from storage.memory.snapshots import MemorySnapshots
from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelIndex
from tests.gateway.live_topic import TOPIC_ID, LiveTopic, partition_for, position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.running import Running, running, until
from tests.gateway.test_recovery import HOUR_S, entities, followed, offsets

PARTITION = partition_for("acme")
EPOCH = f"{TOPIC_ID}.{PARTITION}"
OLD: dict[str, Any] = {"history_seconds": 0, "history_max_records": 10, "snapshot_seconds": 0}
"""Of what was produced an hour ago, the log has the last 10 at most."""


class Held(LiveTopic):
    """Looks through the partition wait until they are let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_look = threading.Event()

    def parts(self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None) -> Iterator[list[InRecord]]:
        self.may_look.wait(10)
        yield from super().parts(place, ranges, wanted)


class RedisAway(MemorySnapshots):
    async def index(self, tag: PartitionTag, channel: str) -> ChannelIndex | None:
        raise OutageError("away")


def aged(topic: LiveTopic, count: int = 2_000, every: int = 700) -> list[int]:
    """An hour ago: many records, of which each so manieth is of asset a. Returns the protocol's offsets of those."""
    for n in range(count):
        topic.publish(position("a" if n % every == 0 else "b", n, offset=n))
    topic.grow_old("acme", HOUR_S)
    return [n + 1 for n in range(0, count, every)]


async def back(gateway: Running, offset: int, channel: str = "asset:acme/a", **request: Any) -> dict[str, Any]:
    return await followed(gateway, channel, recover=True, epoch=EPOCH, offset=offset, **request)


async def test_by_the_index_only_what_the_client_missed_is_read() -> None:
    topic = LiveTopic()
    its = aged(topic)
    topic.record()
    async with running(topic, **OLD) as gateway:
        topic.publish(position("a", 5_000, offset=5_000))
        result = await back(gateway, its[0])
    assert (result["recovered"], offsets(result)) == (True, [*its[1:], 2_001])
    assert topic.scans == [[(each - 1, each) for each in its[1:]]]


async def test_a_silent_channel_needs_no_reading_at_all() -> None:
    topic = LiveTopic()
    its = aged(topic)
    topic.record()
    async with running(topic, **OLD) as gateway:
        for channel, since in (("asset:acme/a", its[-1]), ("asset:acme/never-seen", 5)):
            result = await back(gateway, since, channel)
            assert (result["recovered"], offsets(result)) == (True, [])
    assert topic.scans == []


async def test_without_an_index_the_partition_tells_the_same() -> None:
    """Redis was emptied, or is away: who resumes does not notice."""
    for topic in (LiveTopic(), LiveTopic(snapshots=RedisAway())):
        its = aged(topic)
        async with running(topic, **OLD) as gateway:
            result = await back(gateway, its[0])
        assert (result["recovered"], offsets(result)) == (True, its[1:])
        assert len(topic.scans) == 1


async def test_an_index_that_ends_early_is_completed_by_the_partition() -> None:
    topic = LiveTopic()
    its = aged(topic)
    topic.record(upto=1_000)
    async with running(topic, **OLD) as gateway:
        result = await back(gateway, its[0])
    assert (result["recovered"], offsets(result)) == (True, its[1:])


async def test_all_who_come_back_at_once_share_one_look() -> None:
    topic = LiveTopic()
    its = aged(topic, every=40)
    topic.record()
    topic.snapshots.empty()
    async with running(topic, **OLD) as gateway:
        clients = [await RawClient.connected(gateway) for _ in range(20)]
        for number, client in enumerate(clients):
            request = {"channel": "asset:acme/a", "recover": True, "epoch": EPOCH, "offset": its[number]}
            await client.send({"id": 100, "subscribe": request})
        for number, client in enumerate(clients):
            result = (await client.reply(100))["subscribe"]
            assert (result["recovered"], offsets(result)) == (True, its[number + 1 :])
    assert len(topic.scans) <= 2


@pytest.mark.parametrize("assets", [12, 120])
async def test_a_look_for_several_channels_gives_each_its_own(assets: int) -> None:
    """Also where one's name begins with another's, or is in another's payload; many are told apart by other means."""
    topic = LiveTopic()
    for n in range(10 * assets):
        about_another = f'{{"see":"asset:acme/a{(n + 1) % assets}"}}'.encode()
        topic.publish(msgspec.structs.replace(position(f"a{n % assets}", n), payload=about_another))
    topic.grow_old("acme", HOUR_S)
    async with running(topic, **OLD) as gateway:
        clients = [await RawClient.connected(gateway) for _ in range(assets)]
        for number, client in enumerate(clients):
            request = {"channel": f"asset:acme/a{number}", "recover": True, "epoch": EPOCH, "offset": number + 1}
            await client.send({"id": 100, "subscribe": request})
        for number, client in enumerate(clients):
            result = (await client.reply(100))["subscribe"]
            assert (result["recovered"], offsets(result)) == (True, [number + 1 + n * assets for n in range(1, 10)])
    assert len(topic.scans) <= 2


async def test_who_comes_during_a_look_gets_the_next() -> None:
    topic = Held()
    its = aged(topic)
    async with running(topic, **OLD) as gateway:
        first = asyncio.create_task(back(gateway, its[0]))
        await until(lambda: gateway.gateway.scans._looking and not gateway.gateway.scans._waiting, "the first look")
        second = asyncio.create_task(back(gateway, its[1]))
        await until(lambda: gateway.gateway.scans._waiting, "the second to wait")
        topic.may_look.set()
        assert offsets(await first) == its[1:]
        assert offsets(await second) == its[2:]
        assert not gateway.gateway.scans._looking
    assert len(topic.scans) == 2


@pytest.mark.parametrize("bound", [{"scan_records": 500}, {"reply_publications": 5}])
async def test_beyond_the_bounds_the_client_is_told_and_shown_the_state(bound: dict[str, int]) -> None:
    topic = LiveTopic()
    its = aged(topic, every=30)
    topic.record()
    topic.snapshots._history.clear()
    topic.snapshots._cut_at.clear()
    async with running(topic, **(OLD | bound)) as gateway:
        result = await back(gateway, its[0])
        assert not result.get("recovered")
        assert entities(result)["asset/a"]["n"] == its[-1] - 1
        client = await RawClient.connected(gateway)
        request = {"channel": "asset:acme/a", "recover": True, "epoch": EPOCH, "offset": its[0]}
        assert (await client.ask(subscribe={**request, "flag": 2}))["error"]["code"] == 112


async def test_what_kafka_no_longer_has_is_told() -> None:
    topic = LiveTopic(low={PARTITION: 100})
    its = aged(topic, every=80)
    topic.record()
    async with running(topic, **OLD) as gateway:
        assert not (await back(gateway, its[0])).get("recovered")
        result = await back(gateway, its[2])
        assert (result["recovered"], offsets(result)) == (True, its[3:])
        result = await followed(gateway, "asset:acme/a", recover=True)  # from the start of what is kept
        assert (result["recovered"], offsets(result)) == (True, its[2:])


async def test_kafka_away_is_a_temporary_error() -> None:
    topic = LiveTopic()
    its = aged(topic)
    topic.record()
    async with running(topic, **OLD) as gateway:
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        topic.away = True
        request: dict[str, Any] = {"channel": "asset:acme/a", "recover": True, "epoch": EPOCH, "offset": its[0]}
        assert (await client.ask(subscribe=request))["error"]["temporary"]
        topic.away = False
        assert (await client.subscribe(**request))["recovered"]


async def test_what_a_replayed_processor_repeated_comes_once() -> None:
    """Be it within what is read, or in the log when it was first made before."""
    topic = LiveTopic()
    rounds = [*range(300), *range(250, 300), *range(300, 310)]
    topic.publish(*(position("a", n, offset=n) for n in rounds))
    topic.publish(*(position("a", n, offset=n) for n in range(305, 312)))
    topic.grow_old("acme", HOUR_S)
    async with running(topic, **OLD) as gateway:
        result = await back(gateway, 1)
    assert result["recovered"]
    assert [each["data"]["n"] for each in result["publications"]] == list(range(1, 312))


async def test_what_the_client_has_seen_does_not_come_again_when_a_processor_repeated_it() -> None:
    topic = LiveTopic()
    topic.publish(*(position("a", n, offset=n) for n in [*range(300), *range(250, 300), *range(300, 320)]))
    topic.grow_old("acme", HOUR_S)
    async with running(topic, **OLD) as gateway:
        result = await back(gateway, 290)
    assert result["recovered"]
    assert [each["data"]["n"] for each in result["publications"]] == list(range(290, 320))


async def test_a_log_that_loses_its_oldest_meanwhile_costs_a_second_look_and_nothing_else() -> None:
    topic = Held()
    its = aged(topic, count=100, every=7)
    async with running(topic, **(OLD | {"log_publications": 8})) as gateway:
        answer = asyncio.create_task(back(gateway, its[0]))
        await until(lambda: gateway.gateway.scans._looking, "the look")
        topic.publish(*(position("a", 200 + n, offset=200 + n) for n in range(50)))
        (partition,) = gateway.gateway.feeds._open.values()
        await until(lambda: partition.feed is not None and partition.feed.log.start > 100, "the log to move")
        topic.may_look.set()
        result = await answer
    assert (result["recovered"], offsets(result)) == (True, [*its[1:], *range(101, 151)])


async def test_a_partition_that_is_lost_meanwhile_leaves_no_subscription_to_nothing() -> None:
    topic = Held()
    its = aged(topic)
    async with running(topic, **OLD) as gateway:
        client = await RawClient.connected(gateway)
        request: dict[str, Any] = {"channel": "asset:acme/a", "recover": True, "epoch": EPOCH, "offset": its[0]}
        await client.send({"id": 9, "subscribe": request})
        await until(lambda: gateway.gateway.scans._looking, "the look")
        topic.fail(PARTITION, ReadProblem.OUT_OF_RANGE)
        topic.may_look.set()
        assert (await client.reply(9))["error"]["temporary"]
        assert offsets(await client.subscribe(**request)) == its[1:]


async def test_the_state_of_a_recorder_that_is_behind_is_completed_from_the_partition() -> None:
    topic = LiveTopic()
    its = aged(topic)
    topic.record(upto=100)
    async with running(topic, **OLD) as gateway:
        result = await followed(gateway, "asset:acme/a")
    assert result["data"]["offset"] == 100
    assert offsets(result) == its[1:]


async def test_a_busy_channels_state_gives_way_to_what_came_since() -> None:
    """The first page is as small as what came since needs; the rest comes by pages."""
    topic = LiveTopic()
    topic.publish(*(position(f"a{n}", 1, pad=500) for n in range(60)))
    topic.record()
    topic.publish(*(status(f"order/o{n}", 1) for n in range(100)))
    async with running(topic, reply_bytes=16 * 1024) as gateway:
        client = await RawClient.connected(gateway)
        result = await client.subscribe("fleet:acme")
        assert len(client.frames[-1]) <= 16 * 1024 + 500
    assert len(offsets(result)) == 100
    assert "next" in result["data"]
