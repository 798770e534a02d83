"""A record that can never be read is set aside whole, with the reason; what comes after it is not held up."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from confluent_kafka import Producer

from backbone.topics import (
    EVENTS,
    LIVE,
    NOTIFICATION_REQUESTS,
    PINGS,
    POSITIONS,
    REFERENCE,
    STATUS_CHANGES,
    Topic,
    dead_letter_topic,
)
from benchmarks.official.python_watcher import PythonWatcher
from benchmarks.replays.data_team import DataTeam, Read
from devstack.demo import Demo
from tests.road.fleet import Fleet, at, fix

UNKNOWN_SCHEMA = 2**31 - 7
BAD_VALUES = {
    "not ours": b"\x7f rubbish",
    "nothing": b"",
    "an unknown schema": b"\x00" + struct.pack(">I", UNKNOWN_SCHEMA) + b"body",
    "a cut body": b"\x00\x00\x00\x00\x01\x02a",
}


@dataclass(frozen=True)
class Road:
    """A topic, who reads it, the key of a fleet's records in it, and how to send one that is good behind a bad one."""

    topic: Topic
    group: str
    key: str
    good: Callable[[Fleet], Awaitable[list[str]]]


async def _ping(fleet: Fleet) -> list[str]:
    return await fleet.ping(fix())


async def _change(fleet: Fleet) -> list[str]:
    return await fleet.change({"entity": "asset/truck-7", "status": "on_break", "time": at()})


async def _assign_and_ping(fleet: Fleet) -> list[str]:
    await fleet.put("assignments", "x", {"asset": "truck-7", "order": "A-1", "valid_from": at(-3600)})
    return await fleet.ping(fix())


ROADS = [
    Road(PINGS, "enrich", "{fleet}/truck-7", _ping),
    Road(POSITIONS, "route", "{fleet}/truck-7", _ping),
    Road(STATUS_CHANGES, "route", "{fleet}/asset/truck-7", _change),
    Road(LIVE, "recorder", "{fleet}", _ping),
    Road(REFERENCE, "enrich", "assignments/{fleet}/x", _assign_and_ping),
    Road(REFERENCE, "route", "assignments/{fleet}/y", _assign_and_ping),
    Road(REFERENCE, "address", "watchers/{fleet}/x", _ping),
    Road(EVENTS, "route", "{fleet}/truck-7", _ping),
    Road(NOTIFICATION_REQUESTS, "address", "{fleet}/x", _ping),
]


@pytest.mark.parametrize("road", ROADS, ids=[f"{road.topic.name}-{road.group}" for road in ROADS])
async def test_what_cannot_be_read_is_set_aside_and_the_next_record_is_unaffected(
    demo: Demo, fleet: Fleet, data_team: DataTeam, road: Road
) -> None:
    dead = dead_letter_topic(road.topic.name, road.group)
    key = road.key.format(fleet=fleet.name)
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        await asyncio.to_thread(_produce, demo.stack.kafka_bootstrap, road.topic.name, key)
        began = time.monotonic()
        ids = await road.good(fleet)
        await watcher.seen.until_seen(fleet.channel, ids)
        assert time.monotonic() - began < 10
    letters = await asyncio.to_thread(_letters, data_team, dead, key, len(BAD_VALUES))
    assert [letter.raw for letter in letters] == list(BAD_VALUES.values())
    for letter in letters:
        assert letter.headers["mine"] == b"kept"
        assert letter.headers["dlq-topic"].decode() == road.topic.name
        assert letter.headers["dlq-group"].decode() == road.group
        assert letter.headers["dlq-partition"].isdigit()
        assert letter.headers["dlq-offset"].isdigit()
        assert letter.headers["dlq-time"].endswith(b"Z")
        assert letter.headers["dlq-reason"]
        assert letter.headers["dlq-detail"]
    unknown = letters[2].headers
    assert str(UNKNOWN_SCHEMA).encode() in unknown["dlq-detail"]
    assert unknown["dlq-reason"] != letters[0].headers["dlq-reason"]
    assert {letter.headers["dlq-offset"] for letter in letters} != {letters[0].headers["dlq-offset"]}


async def test_the_next_snapshot_is_right_after_a_bad_live_record(demo: Demo, fleet: Fleet) -> None:
    await asyncio.to_thread(_produce, demo.stack.kafka_bootstrap, LIVE.name, fleet.name)
    [ping_id] = await fleet.ping(fix())
    async with asyncio.timeout(20):
        while True:
            async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
                shown = watcher.seen.subscribed[0].shown("asset/truck-7")
            if shown is not None:
                break
    assert shown["id"] == ping_id


def _produce(bootstrap: str, topic: str, key: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
    for value in BAD_VALUES.values():
        producer.produce(topic, value, key, headers=[("mine", b"kept")])
    assert producer.flush(10) == 0


def _letters(data_team: DataTeam, topic: str, key: str, count: int) -> list[Read]:
    """The dead letters of one key. Other tests' letters are in the same topic."""
    found: list[Read] = []
    deadline = time.monotonic() + 20
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} dead letters"
        found += [each for each in data_team.read(topic, decode=False) if each.key == key]
        time.sleep(0.05)
    return found
