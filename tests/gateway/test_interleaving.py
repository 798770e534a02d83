"""Subscribes that happen while records arrive, in every order that a property test can think of."""

import asyncio
from typing import Any

import msgspec
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from push_service.gateway.delivery.push import Push, Pushed
from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.disconnects import Disconnect
from push_service.gateway.protocol.json_codec import JsonCodec
from tests.gateway.live_topic import LiveTopic, partition_for, position
from tests.gateway.running import running, token

CHANNEL = "asset:acme/a"
PARTITION = partition_for("acme")


class Follower:
    """A transport without a socket: keeps what it is sent, as a client's view."""

    def __init__(self) -> None:
        self.codec: Codec = JsonCodec()
        self.replies: list[bytes] = []
        self.pushed: list[int] = []
        self.closed: Disconnect | None = None

    def send(self, payload: bytes) -> None:
        self.replies.append(payload)

    def push(self, push: Pushed) -> None:
        assert isinstance(push, Push)
        self.pushed.append(push.publication.offset)

    def close(self, disconnect: Disconnect) -> None:
        self.closed = disconnect

    def authenticated(self) -> None:
        pass


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 4)),  # to the channel
        st.tuples(st.just("other"), st.integers(1, 3)),  # to another channel of the partition
        st.tuples(st.just("deliver"), st.integers(1, 3)),
        st.tuples(st.just("record"), st.integers(0, 5)),  # the recorder comes to so many before the end
        st.tuples(st.just("subscribe"), st.integers(0, 12)),
        st.tuples(st.just("subscribe"), st.just(None)),
        st.tuples(st.just("turn"), st.integers(1, 4)),
        st.tuples(st.just("turn"), st.just(30)),  # whatever can be answered is answered
        st.tuples(st.just("drop"), st.just(0)),
    ),
    min_size=4,
    max_size=40,
)


class Scenario:
    def __init__(self) -> None:
        self.topic = LiveTopic(held=True)
        self.followers: list[tuple[Follower, Any, int | None]] = []
        self.number = 0

    async def run(self, steps: list[tuple[str, int | None]]) -> None:
        async with running(self.topic, snapshot_seconds=0.0, log_publications=6) as gateway:
            self.gateway = gateway.gateway
            self.topic.record()
            await self.subscribe(None)
            await self.turn(30)
            for step, amount in steps:
                await getattr(self, step)(amount)
            self.topic.held = False
            self.topic.deliver(PARTITION)
            await self.turn(30)
            while any(session.subscribing for _, session, _ in self.followers):
                self.topic.deliver(PARTITION)
                await asyncio.sleep(0.001)
            self.check()

    async def publish(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.topic.publish(position("a", self.number))

    async def other(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.topic.publish(position("b", self.number))

    async def deliver(self, count: int) -> None:
        self.topic.held = False
        self.topic.deliver(PARTITION, at_most=count)
        self.topic.held = True

    async def record(self, behind: int) -> None:
        self.topic.record(upto=max(0, len(self.topic.records[PARTITION]) - behind))

    async def turn(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def subscribe(self, offset: int | None) -> None:
        """By a new client; with a position when it is one that a client can have."""
        follower = Follower()
        session = self.gateway._new_session(follower)
        since = offset if offset is not None and offset <= len(self.topic.records[PARTITION]) else None
        request: dict[str, Any] = {"channel": CHANNEL}
        if since is not None:
            request |= {"recover": True, "epoch": f"topic-id-1.{PARTITION}", "offset": since}

        frame = [{"id": 1, "connect": {"token": token()}}, {"id": 2, "subscribe": request}]
        self.gateway._dispatcher.receive(session, b"\n".join(msgspec.json.encode(each) for each in frame))
        self.followers.append((follower, session, since))

    async def drop(self, _: int) -> None:
        if self.followers:
            self.followers.pop(0)[1].close()

    def check(self) -> None:
        """What each client has seen is exactly its channel's records from its position, or its snapshot, on."""

        channel = [
            each.offset + 1 for each in self.topic.records[PARTITION] if each.value and CHANNEL.encode() in each.value
        ]
        for follower, _, since in self.followers:
            assert follower.closed is None
            reply = msgspec.json.decode(follower.replies[1])
            if "error" in reply:
                assert reply["error"]["temporary"]
                continue
            result = reply["subscribe"]
            seen = [each["offset"] for each in result.get("publications", [])] + follower.pushed
            if result.get("recovered"):
                assert since is not None
                start = since
            else:
                start = result["data"]["offset"]
                before = [each for each in channel if each <= start]
                items = result["data"]["items"]
                assert len(items) == (1 if before else 0)
                if before:
                    (item,) = items
                    record = self.topic.records[PARTITION][before[-1] - 1]
                    assert record.value is not None
                    assert f'"n":{item["payload"]["n"]},'.encode() in record.value
            assert seen == [each for each in channel if each > start], (since, result)


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_or_doubled_between_snapshot_and_live(steps: list[tuple[str, int | None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Scenario().run(steps))
