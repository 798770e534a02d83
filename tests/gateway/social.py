"""What the tests of publish, history, presence and joins share: kinds of channels, and two gateways over one topic."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.gateway.live_topic import LiveTopic
from tests.gateway.raw_client import RawClient
from tests.gateway.running import Running, running, token

KINDS = json.dumps(
    {
        "chat": {
            "subscribe": "tenant",
            "publish": "subscribers",
            "history_size": 100,
            "presence": True,
            "joins": True,
        },
        "short": {"subscribe": "tenant", "publish": "audience", "history_size": 2, "force_joins": True, "joins": True},
        "inbox": {"subscribe": "user", "history_size": 100, "presence": True, "publish": "audience"},
        "delta": {"subscribe": "tenant", "publish": "audience", "history_size": 100, "deltas": True},
        "mute": {"subscribe": "tenant"},
    }
)
ROOM = "chat:acme/room-1"


@asynccontextmanager
async def social(topic: LiveTopic | None = None, **settings: Any) -> AsyncIterator[Running]:
    """A gateway with these kinds, and without a user's own channel unless it is asked for."""
    async with running(topic, **{"channel_kinds": KINDS, "own_channel": "none", **settings}) as gateway:
        yield gateway


@asynccontextmanager
async def two_gateways(**settings: Any) -> AsyncIterator[tuple[Running, Running]]:
    """Over one topic and one store."""
    topic = LiveTopic()
    async with social(topic, **settings) as first, social(topic.twin(), **settings) as second:
        yield first, second


async def member(gateway: Running, user: str = "u1", fleet: str = "acme", **connect: Any) -> RawClient:
    """A connected client of a user."""
    client = await RawClient.open(gateway)
    reply = await client.ask(connect={"token": token(fleet, user=user), **connect})
    assert "error" not in reply, reply
    return client


async def published(client: RawClient, channel: str, *data: Any) -> None:
    for each in data:
        reply = await client.ask(publish={"channel": channel, "data": each})
        assert reply["publish"] == {}, reply


async def error_of(client: RawClient, **command: Any) -> int:
    """The code of the error that a command is answered with."""
    code: int = (await client.ask(**command))["error"]["code"]
    return code
