"""Snapshots and recovery: a client never misses anything, never gets anything twice, and is never told an untruth."""

from typing import Any

import pytest

from backbone.partition_ref import PartitionRef
from storage.memory.snapshots import MemorySnapshots
from storage.redis.keys import PartitionTag
from storage.snapshots import Snapshot
from tests.gateway.live_topic import LiveTopic, partition_for, position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.running import Running, running, until

HOUR_S = 3_600.0


def offsets(result: dict[str, Any]) -> list[int]:
    return [each["offset"] for each in result.get("publications", [])]


def entities(result: dict[str, Any]) -> dict[str, Any]:
    return {each["entity"]: each["payload"] for each in result["data"]["items"]}


async def followed(gateway: Running, channel: str, **request: Any) -> dict[str, Any]:
    """The result of a subscribe on a connection of its own."""
    client = await RawClient.connected(gateway)
    result = await client.subscribe(channel, **request)
    await client.close()
    return result


async def test_a_first_subscribe_gets_the_snapshot_and_what_came_since() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1), position("b", 1), position("a", 2))
        topic.record()
        topic.publish(position("b", 2), position("c", 1))
        result = await followed(gateway, "fleet:acme")
        assert result["data"]["offset"] == 3
        assert {each: payload["n"] for each, payload in entities(result).items()} == {"asset/a": 2, "asset/b": 1}
        assert offsets(result) == [4, 5]
        assert result["offset"] == 5
        assert not result.get("recovered")
        assert not result.get("was_recovering")


async def test_no_mark_in_redis_is_a_temporary_error_and_never_an_empty_snapshot() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1))
        client = await RawClient.connected(gateway)
        reply = await client.ask(subscribe={"channel": "fleet:acme"})
        assert reply["error"] == {"code": 100, "message": "internal server error", "temporary": True}
        topic.record()
        assert list(entities(await client.subscribe("fleet:acme"))) == ["asset/a"]


async def test_a_recorder_that_is_far_behind_is_a_temporary_error_and_a_little_behind_is_read_from_there() -> None:
    topic = LiveTopic()
    async with running(topic, history_max_records=50, scan_records=20, linger_seconds=0) as gateway:
        topic.publish(*(position("a", n) for n in range(1, 41)))
        topic.record(upto=10)
        topic.grow_old("acme", HOUR_S)
        result = await followed(gateway, "fleet:acme")
        assert topic.history == [(partition_for("acme"), 10)]
        assert (result["data"]["offset"], offsets(result)) == (10, list(range(11, 41)))
        await until(lambda: not topic.opened, "the partition to be closed")
        topic.publish(*(position("a", n) for n in range(41, 101)))
        client = await RawClient.connected(gateway)
        assert (await client.ask(subscribe={"channel": "fleet:acme"}))["error"]["code"] == 100
        topic.record()
        await until(lambda: gateway.gateway.snapshots.fresh(*_place(topic)) is None, "the cache to forget")
        assert (await client.subscribe("fleet:acme"))["data"]["offset"] == 100


def _place(topic: LiveTopic) -> Any:
    return PartitionRef("fleet.live.v1", "topic-id-1", partition_for("acme")), "fleet:acme"


async def test_coming_back_gets_exactly_what_the_channel_missed() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.record()
        first = await followed(gateway, "asset:acme/a")
        topic.publish(position("a", 1), position("b", 1), position("a", 2), status("asset/b", 1))
        again = await followed(
            gateway, "asset:acme/a", recover=True, epoch=first["epoch"], offset=first.get("offset", 0)
        )
        assert (again["recovered"], again["was_recovering"]) == (True, True)
        assert offsets(again) == [1, 3]
        assert "data" not in again
        once_more = await followed(gateway, "asset:acme/a", recover=True, epoch=again["epoch"], offset=3)
        assert (once_more["recovered"], offsets(once_more)) == (True, [])


@pytest.mark.parametrize(
    ("epoch", "offset"),
    [("another-topic.1", 1), ("", 1), ("same", 99), ("same", -1)],
    ids=["of another topic", "without an epoch", "beyond the end", "negative"],
)
async def test_a_position_that_means_nothing_here_is_not_recovered(epoch: str, offset: int) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1), position("a", 2))
        topic.record()
        real = (await followed(gateway, "fleet:acme"))["epoch"]
        result = await followed(
            gateway, "fleet:acme", recover=True, epoch=real if epoch == "same" else epoch, offset=offset
        )
        assert result["was_recovering"]
        assert not result.get("recovered")
        assert entities(result)["asset/a"]["n"] == 2


async def test_since_the_beginning_is_everything_that_is_kept() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1), position("a", 2))
        topic.record()
        result = await followed(gateway, "fleet:acme", recover=True)
        assert (result["recovered"], offsets(result)) == (True, [1, 2])


async def test_a_channel_that_was_silent_for_longer_than_the_log_resumes_at_once() -> None:
    """The index says that its last record is one that the client has seen."""
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1), position("a", 2), position("b", 1), position("b", 2))
        topic.record()
        topic.grow_old("acme", HOUR_S)
        topic.publish(position("b", 3), position("a", 3))
        epoch = (await followed(gateway, "fleet:acme"))["epoch"]
        assert topic.history == [(partition_for("acme"), 4)]
        result = await followed(gateway, "asset:acme/a", recover=True, epoch=epoch, offset=2)
        assert (result["recovered"], offsets(result)) == (True, [6])


async def test_a_gateway_that_is_behind_waits_for_the_clients_position() -> None:
    """So a client that comes from a gateway that was ahead gets nothing twice."""
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.record()
        epoch = (await followed(gateway, "fleet:acme"))["epoch"]
        topic.held = True
        topic.publish(position("a", 1), position("a", 2), position("a", 3))
        client = await RawClient.connected(gateway)
        await client.send(
            {"id": 7, "subscribe": {"channel": "fleet:acme", "recover": True, "epoch": epoch, "offset": 2}}
        )
        assert "ping" in await client.ask(ping={})
        topic.held = False
        topic.deliver(partition_for("acme"), at_most=1)
        assert "ping" in await client.ask(ping={})
        topic.deliver(partition_for("acme"))
        result = (await client.reply(7))["subscribe"]
        assert result["recovered"]
        assert offsets(result) + [each["offset"] for each in await client.pushes(3 - result["offset"])] == [3]


async def test_a_backlog_over_the_bounds_is_conflated_and_statuses_are_kept() -> None:
    topic = LiveTopic()
    async with running(topic, reply_publications=50) as gateway:
        topic.record()
        epoch = (await followed(gateway, "fleet:acme"))["epoch"]
        for n in range(40):
            topic.publish(position("a", n), position("b", n), status("order/o", n))
        result = await followed(gateway, "fleet:acme", recover=True, epoch=epoch, offset=0)
        assert result["recovered"]
        assert offsets(result) == sorted(offsets(result))
        kinds = [each["data"]["kind"] for each in result["publications"]]
        assert (kinds.count("status"), kinds.count("position")) == (40, 2)
        assert {each["data"]["n"] for each in result["publications"] if each["data"]["kind"] == "position"} == {39}


async def test_a_backlog_that_never_fits_is_not_recovered_but_gets_the_snapshot() -> None:
    topic = LiveTopic()
    async with running(topic, reply_publications=10) as gateway:
        topic.record()
        epoch = (await followed(gateway, "fleet:acme"))["epoch"]
        topic.publish(*(status("order/o", n) for n in range(30)))
        topic.record()
        await until(lambda: gateway.gateway.snapshots.fresh(*_place(topic)) is None, "the cache to forget")
        result = await followed(gateway, "fleet:acme", recover=True, epoch=epoch, offset=0)
        assert not result.get("recovered")
        assert entities(result)["order/o"]["status"] == "s29"


async def test_positions_of_a_topic_that_was_made_again_mean_nothing() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1), position("a", 2))
        topic.record()
        before = await RawClient.connected(gateway)
        old = await before.subscribe("fleet:acme")
        topic.make_again("topic-id-2")
        assert await before.closed() == (3010, "insufficient state")
        topic.publish(position("a", 3), position("a", 4), position("a", 5))
        topic.record()
        client = await RawClient.connected(gateway)
        request = {"channel": "fleet:acme", "recover": True, "epoch": old["epoch"], "offset": old["offset"]}
        # The gateway learns of the new topic by this; SDKs try again.
        assert (await client.ask(subscribe=request))["error"]["temporary"]
        result = await client.subscribe(**request)
        assert not result.get("recovered")
        assert result["epoch"].startswith("topic-id-2.")
        assert (result["data"]["offset"], entities(result)["asset/a"]["n"]) == (3, 5)


async def test_a_snapshot_larger_than_a_reply_comes_in_pages() -> None:
    topic = LiveTopic()
    async with running(topic, reply_bytes=16 * 1024, snapshot_seconds=0) as gateway:
        topic.publish(*(position(f"a{n}", 1, pad=500) for n in range(100)))
        topic.record()
        client = await RawClient.connected(gateway)
        page = (await client.subscribe("fleet:acme"))["data"]
        seen = {each["entity"] for each in page["items"]}
        assert len(client.frames[-1]) <= 16 * 1024
        topic.publish(position("a99", 2))
        topic.record()
        pages = 1
        while "next" in page:
            request = {"channel": "fleet:acme", "offset": page["offset"], "next": page["next"]}
            reply = await client.ask(rpc={"method": "snapshot.page", "data": request})
            assert len(client.frames[-1]) <= 16 * 1024 + 200
            assert reply["rpc"]["data"]["offset"] >= page["offset"]
            page = reply["rpc"]["data"]
            assert not seen & {each["entity"] for each in page["items"]}
            seen |= {each["entity"] for each in page["items"]}
            pages += 1
        assert len(seen) == 100
        assert pages > 3


async def test_pages_are_for_subscribers_only() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.record()
        client = await RawClient.connected(gateway)
        for data, code in (
            ({"channel": "fleet:acme", "offset": 0, "next": ""}, 103),
            ({"channel": "fleet:other", "offset": 0, "next": ""}, 103),
            ({"channel": 7}, 107),
            (None, 107),
        ):
            assert (await client.ask(rpc={"method": "snapshot.page", "data": data}))["error"]["code"] == code


class CountedSnapshots(MemorySnapshots):
    reads = 0

    async def read(self, tag: PartitionTag, channel: str) -> Snapshot | None:
        self.reads += 1
        return await super().read(tag, channel)


async def test_many_subscribers_at_once_read_redis_once() -> None:
    counted = CountedSnapshots()
    topic = LiveTopic(snapshots=counted)
    async with running(topic, snapshot_seconds=5) as gateway:
        topic.publish(position("a", 1))
        topic.record()
        clients = [await RawClient.connected(gateway) for _ in range(20)]
        for number, client in enumerate(clients):
            await client.send({"id": 100 + number, "subscribe": {"channel": "fleet:acme"}})
        for number, client in enumerate(clients):
            assert "subscribe" in await client.reply(100 + number)
        assert counted.reads == 1
