"""A gateway reads the partitions that its subscribers watch, and no others."""

import asyncio
import contextlib
from typing import Any

import msgspec

from domain.live_update import LiveUpdate
from push_service.gateway.sessions.session import Session
from tests.gateway.live_topic import position
from tests.gateway.real_topic import RealTopic, Site
from tests.gateway.running import Running, running, token, until
from tests.gateway.test_interleaving import Follower

PARTITIONS = 64
USERS = 1_000
WATCHED = [f"fleet-{number}" for number in range(12)]
OTHERS = [f"other-{number}" for number in range(200)]


async def test_of_64_partitions_only_those_that_a_thousand_users_watch_are_read(
    kafka_bootstrap: str, redis_url: str, unique: str
) -> None:
    site = await asyncio.to_thread(Site, kafka_bootstrap, redis_url, unique, PARTITIONS)
    topic = RealTopic(site)
    watched = {site.partition_for(fleet) for fleet in WATCHED}
    assert {site.partition_for(fleet) for fleet in (*WATCHED, *OTHERS)} > watched
    with site.recording():
        async with contextlib.aclosing(topic), running(topic, site.codec, linger_seconds=0.1) as gateway:
            await asyncio.to_thread(site.publish, everywhere(1))
            users = [await joined(gateway, WATCHED[number % len(WATCHED)]) for number in range(USERS)]
            await until(
                lambda: all(len(session.subscriptions) == 1 for session, _ in users), "all to be subscribed", 30
            )
            assert gateway.count("partitions") == len(watched)
            await asyncio.to_thread(site.publish, everywhere(2))
            await until(lambda: all(follower.pushed for _, follower in users), "all to be told", 30)
            assert topic.delivered == {partition for partition, _ in topic.history} == watched
            assert {each[1] for each in topic.reader._reading} == watched
            for session, _ in users[1:]:
                session.close()
            left = site.partition_for(WATCHED[0])
            await until(lambda: {each[1] for each in topic.reader._reading} == {left}, "the rest to be closed", 30)
            users[0][0].close()


def everywhere(n: int) -> list[LiveUpdate]:
    """The n-th position of an asset of each fleet."""
    fleets = [*WATCHED, *OTHERS]
    return [position("a", n, fleet=fleet, offset=n * len(fleets) + at) for at, fleet in enumerate(fleets)]


async def joined(gateway: Running, fleet: str) -> tuple[Session, Follower]:
    """A user of the fleet, whose subscribe is asked again until it is answered."""
    follower = Follower()
    session = gateway.gateway._new_session(follower)
    commands: list[dict[str, Any]] = [{"id": 1, "connect": {"token": token(fleet)}}]
    channel = f"fleet:{fleet}"
    while channel not in session.subscriptions:
        commands.append({"id": 2, "subscribe": {"channel": channel}})
        gateway.gateway._dispatcher.receive(session, b"\n".join(msgspec.json.encode(each) for each in commands))
        commands.clear()
        await until(lambda: session.viewer is not None and not session.subscribing, "an answer")
    return session, follower
