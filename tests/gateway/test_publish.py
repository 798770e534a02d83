"""Clients publish through Kafka: every gateway sees it, with one offset."""

import msgspec

from backbone.publishing import FailureReason, PublishFailed
from domain.live_update import LiveUpdate
from tests.gateway.live_topic import FRAMING, PackCodec, partition_for
from tests.gateway.running import until
from tests.gateway.social import ROOM, error_of, member, published, social, two_gateways


async def test_every_gateway_shows_it_with_the_same_offset_and_who_published() -> None:
    async with two_gateways() as (first, second):
        here, there = await member(first, "u1"), await member(second, "u2")
        position = await here.subscribe(ROOM)
        assert (await there.subscribe(ROOM))["epoch"] == position["epoch"]
        await published(here, ROOM, {"text": "hello"}, [1, "two"], "three")
        at_home, abroad = await here.pushes(3), await there.pushes(3)
        assert at_home == abroad
        assert [each["data"] for each in abroad] == [{"text": "hello"}, [1, "two"], "three"]
        offsets = [each["offset"] for each in abroad]
        assert offsets == sorted(set(offsets))
        session = next(iter(first.gateway.sessions))
        assert abroad[0]["info"] == {"user": "u1", "client": session.client}


async def test_it_is_answered_only_when_kafka_has_it() -> None:
    async with social() as gateway:
        client = await member(gateway)
        await client.subscribe(ROOM)
        gateway.publisher.failing = PublishFailed(FailureReason.TIMED_OUT, "late", retryable=True, ambiguous=True)
        reply = await client.ask(publish={"channel": ROOM, "data": 1})
        assert (reply["error"]["code"], reply["error"]["temporary"]) == (100, True)
        gateway.publisher.failing = PublishFailed(FailureReason.TOO_LARGE, "large", retryable=False, ambiguous=False)
        assert await error_of(client, publish={"channel": ROOM, "data": 1}) == 106
        gateway.publisher.failing = None
        await published(client, ROOM, 2)
        assert (await client.push())["data"] == 2


async def test_who_may_not_publish_learns_nothing() -> None:
    async with social() as gateway:
        client = await member(gateway)
        for channel in (
            ROOM,
            "fleet:acme",
            "fleet:other",
            "chat:other/room",
            "mute:acme/x",
            "nothing:acme",
            "inbox:acme/u2",
        ):
            assert await error_of(client, publish={"channel": channel, "data": 1}) == 103
        await client.subscribe(ROOM)
        await published(client, ROOM, 1)
        await client.ask(unsubscribe={"channel": ROOM})
        assert await error_of(client, publish={"channel": ROOM, "data": 1}) == 103


async def test_data_and_rate_are_bounded() -> None:
    async with social(publish_bytes=50, publishes_burst=5, publishes_per_second=0.001) as gateway:
        client = await member(gateway)
        await client.subscribe(ROOM)
        assert await error_of(client, publish={"channel": ROOM, "data": "x" * 60}) == 106
        for each in range(5):
            await published(client, ROOM, each)
        reply = await client.ask(publish={"channel": ROOM, "data": 1})
        assert (reply["error"]["code"], reply["error"]["temporary"]) == (111, True)
        other = await member(gateway)
        await other.subscribe(ROOM)
        await published(other, ROOM, "others are not held back")


async def test_what_clients_publish_is_never_state() -> None:
    async with social() as gateway:
        client = await member(gateway)
        await client.subscribe(ROOM)
        await published(client, ROOM, 1)
        await until(lambda: gateway.topic.records[partition_for("chat:acme")], "the record")
        value = gateway.topic.records[partition_for("chat:acme")][-1].value
        assert value is not None
        update = PackCodec().decode(value, LiveUpdate)
        assert (update.source, update.kind, update.channels) == (None, "publication", [ROOM])
        assert update.entity.startswith("client/")
        assert value == FRAMING + msgspec.msgpack.encode(update)


async def test_a_publish_without_channel_or_data_ends_the_connection() -> None:
    async with social() as gateway:
        client = await member(gateway)
        await client.send({"id": 7, "publish": {"channel": ROOM}})
        assert await client.closed() == (3501, "bad request")
