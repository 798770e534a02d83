"""A new schema must be fetched from the registry, which may be slow or away: the event loop never waits for it."""

import asyncio
import threading

from domain.errors import OutageError
from tests.gateway.live_topic import LiveTopic, PackCodec, StructT, partition_for, position
from tests.gateway.raw_client import RawClient
from tests.gateway.running import running, until


class SlowCodec(PackCodec):
    """Knows no schema while `away`; notes which threads it was asked in."""

    def __init__(self) -> None:
        self.away = True
        self.asked: set[str] = set()
        self.asks = 0

    def decode(self, raw: bytes, into: type[StructT]) -> StructT:
        if self.away:
            self.asks += 1
            self.asked.add(threading.current_thread().name)
            raise OutageError("the registry does not answer")
        return super().decode(raw, into)


async def test_the_registry_is_asked_in_a_thread_and_order_is_kept() -> None:
    topic, codec = LiveTopic(), SlowCodec()
    async with running(topic, codec) as gateway:
        topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        topic.publish(*(position("a", n) for n in range(5)))
        topic.publish_raw("acme", b"garbage")
        topic.publish(position("a", 6))
        await until(lambda: codec.asks > 0, "the registry to be asked")
        assert "ping" in await client.ask(ping={})
        assert threading.main_thread().name not in codec.asked
        codec.away = False
        assert [each["offset"] for each in await client.pushes(6)] == [1, 2, 3, 4, 5, 7]


async def test_what_waits_for_a_schema_is_bounded_by_pausing_the_reader() -> None:
    topic, codec = LiveTopic(), SlowCodec()
    async with running(topic, codec, backlog_records=20) as gateway:
        topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        for n in range(50):
            topic.publish(position("a", n))
            await asyncio.sleep(0)
        topic.deliver(partition_for("acme"))
        await until(lambda: not topic.opened, "the reader to be paused")
        (feed,) = [each.feed for each in gateway.gateway.feeds._open.values()]
        assert feed is not None
        assert feed.backlog <= 50
        topic.publish(*(position("a", n) for n in range(50, 60)))
        codec.away = False
        assert [each["offset"] for each in await client.pushes(60)] == list(range(1, 61))
        assert topic.opened
