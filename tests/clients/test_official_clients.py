"""The unmodified official clients against a gateway on a real port, over a live topic in memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.instants import SECOND
from push_service.gateway.protocol.disconnects import SLOW, Disconnect
from tests.clients.official import JavaScriptClient, OfficialClient, PythonClient
from tests.gateway.live_topic import LiveTopic, partition_for, position, status
from tests.gateway.running import Running, running, token, until


def cut_all(gateway: Running) -> None:
    """The network breaks."""
    for socket in tuple(gateway.gateway.door.sockets):
        socket.abort()
    gateway.gateway.streams.abort_all()


def connections(gateway: Running) -> float:
    return gateway.count("sockets") + gateway.count("streams")


async def test_connects_and_gets_snapshot_and_publications_with_offsets(client: OfficialClient) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("truck-7", 1), status("asset/truck-7", 1))
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:acme")
        subscribed = await client.events.wait("subscribed")
        assert subscribed["data"]["offset"] == 2
        assert {each["kind"] for each in subscribed["data"]["items"]} == {"position", "status"}
        assert subscribed["recoverable"]
        assert subscribed["position"]["offset"] == 2
        topic.publish(position("truck-7", 2), position("truck-7", 3))
        await client.events.wait("publication", 2)
        publications = client.events.of("publication")
        assert [(each["offset"], each["data"]["n"]) for each in publications] == [(3, 2), (4, 3)]
        await client.disconnect()
        await client.events.wait("disconnected")
        await until(lambda: connections(gateway) == 0, "the socket to close")


async def test_a_wrong_token_ends_it_and_does_not_come_back(client: OfficialClient) -> None:
    async with running() as gateway:
        await client.connect(gateway.socket_url, "wrong")
        disconnected = await client.events.wait("disconnected")
        assert (disconnected["code"], disconnected["reason"]) == (3500, "invalid token")
        assert gateway.count("connects_total", outcome="token_invalid") == 1


async def test_an_expired_token_makes_it_fetch_a_new_one(client: OfficialClient) -> None:
    async with running() as gateway:
        await client.connect(gateway.socket_url, token(valid_for=SECOND, age=60 * SECOND), fresh_token=token())
        await client.events.wait("connected")
        assert len(client.events.of("token_asked")) == 1
        assert gateway.count("connects_total", outcome="token_expired") == 1


async def test_a_token_that_ends_soon_is_refreshed_without_a_new_connection(client: OfficialClient) -> None:
    async with running(ping_seconds=1) as gateway:
        await client.connect(gateway.socket_url, token(valid_for=5 * SECOND), fresh_token=token())
        await client.events.wait("token_asked")
        sessions = list(gateway.gateway.sessions)
        assert len(sessions) == 1
        await until(lambda: all(each.viewer and each.viewer.expires_at > 3600 for each in sessions), "the refresh")
        assert len(client.events.of("connected")) == 1


async def test_a_token_that_ends_without_a_new_one_ends_it(client: OfficialClient) -> None:
    async with running(ping_seconds=0.5) as gateway:
        await client.connect(gateway.socket_url, token(valid_for=5 * SECOND))  # Node may take its time to start
        await client.events.wait("connected")
        assert (await client.events.wait("disconnected"))["reason"] == "unauthorized"


async def test_a_foreign_channel_is_refused_for_good(client: OfficialClient) -> None:
    async with running() as gateway:
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:other")
        assert (await client.events.wait("unsubscribed"))["code"] == 103


async def test_a_temporary_error_is_tried_again_until_it_works(client: OfficialClient) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:acme")
        await client.events.wait("sub_error", 2)
        topic.record()
        await client.events.wait("subscribed")


async def test_it_recovers_exactly_what_it_missed_when_the_network_breaks(client: OfficialClient) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("asset:acme/a")
        await client.events.wait("subscribed")
        for round_number in range(1, 4):
            topic.publish(position("a", 1), position("b", 1))
            await client.events.wait("publication", 3 * round_number - 2)
            cut_all(gateway)
            topic.publish(position("a", 2), position("b", 2), position("a", 3))
            subscribed = await client.events.wait("subscribed", round_number + 1)
            assert (subscribed["recovered"], subscribed["was_recovering"]) == (True, True)
            await client.events.wait("publication", 3 * round_number)
        offsets = [each["offset"] for each in client.events.of("publication")]
        assert offsets == [1, 3, 5, 6, 8, 10, 11, 13, 15]


@pytest.fixture
async def javascript() -> AsyncIterator[JavaScriptClient]:
    client = JavaScriptClient()
    yield client
    await client.close()


@pytest.fixture
async def python() -> AsyncIterator[PythonClient]:
    client = PythonClient()
    yield client
    await client.close()


async def test_an_application_with_a_state_of_its_own_is_told_to_load_it_anew(python: PythonClient) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(*(position("a", n) for n in range(4)))
        topic.record()
        await python.connect(gateway.socket_url, token())
        epoch = f"topic-id-1.{partition_for('acme')}"
        await python.subscribe("fleet:acme", positions=[(2, "of another topic"), (2, epoch)])
        assert (await python.events.wait("subscribed"))["recovered"]
        await python.events.wait("publication", 2)
        assert [each["offset"] for each in python.events.of("publication")] == [3, 4]
        assert gateway.count("subscribes_total", outcome="unavailable") == 1


async def test_a_position_of_its_own_is_taken_up(javascript: JavaScriptClient) -> None:
    topic, client = LiveTopic(), javascript
    async with running(topic) as gateway:
        topic.publish(*(position("a", n) for n in range(5)))
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("asset:acme/a")
        epoch = (await client.events.wait("subscribed"))["position"]["epoch"]
        await client.unsubscribe("asset:acme/a")
        await client.subscribe("fleet:acme", since={"offset": 3, "epoch": epoch})
        assert (await client.events.wait("subscribed", channel="fleet:acme"))["recovered"]
        await client.events.wait("publication", 2, channel="fleet:acme")
        assert [each["offset"] for each in client.events.of("publication", "fleet:acme")] == [4, 5]


async def test_what_cannot_be_recovered_comes_as_a_snapshot(javascript: JavaScriptClient) -> None:
    topic, client = LiveTopic(), javascript
    async with running(topic) as gateway:
        topic.publish(position("a", 1))
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("asset:acme/a", since={"offset": 1, "epoch": "of another topic"})
        subscribed = await client.events.wait("subscribed")
        assert (subscribed["recovered"], subscribed["was_recovering"]) == (False, True)
        assert subscribed["data"]["items"][0]["payload"]["n"] == 1


async def test_unsubscribe_ends_the_publications(client: OfficialClient) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("asset:acme/a")
        await client.subscribe("asset:acme/b")
        await client.events.wait("subscribed", 2)
        await client.unsubscribe("asset:acme/a")
        await until(lambda: gateway.count("subscriptions") == 1, "the unsubscribe")
        topic.publish(position("a", 1), position("b", 1))
        await client.events.wait("publication")
        assert [each["channel"] for each in client.events.of("publication")] == ["asset:acme/b"]


async def test_pings_keep_it_connected(client: OfficialClient) -> None:
    """Each side gives up on a silent other after less than the three seconds that this takes."""
    async with running(ping_seconds=1, pong_seconds=0.4) as gateway:
        await client.connect(gateway.socket_url, token())
        await client.events.wait("connected")
        loop = asyncio.get_running_loop()
        end = loop.time() + 3
        await until(lambda: loop.time() > end)
        assert connections(gateway) == 1
        assert len(client.events.of("connected")) == 1
        assert not client.events.of("disconnected")


@pytest.mark.parametrize("reason", [Disconnect(4500, "private, for good"), Disconnect(3503, "force disconnect")])
async def test_codes_that_mean_for_good(client: OfficialClient, reason: Disconnect) -> None:
    async with running() as gateway:
        await client.connect(gateway.socket_url, token())
        await client.events.wait("connected")
        for session in tuple(gateway.gateway.sessions):
            session.disconnect(reason)
        disconnected = await client.events.wait("disconnected")
        assert (disconnected["code"], disconnected["reason"]) == (reason.code, reason.reason)


@pytest.mark.parametrize("reason", [Disconnect(4000, "private, come back"), SLOW])
async def test_codes_that_mean_come_back(client: OfficialClient, reason: Disconnect) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:acme")
        await client.events.wait("subscribed")
        for session in tuple(gateway.gateway.sessions):
            session.disconnect(reason)
        topic.publish(status("order/o", 1))
        assert (await client.events.wait("connecting", 2))["code"] == reason.code
        assert (await client.events.wait("subscribed", 2))["recovered"]
        await client.events.wait("publication")
        await until(lambda: connections(gateway) == 1, "the old socket to end")


async def test_a_gateway_that_goes_away_is_left_for_another(client: OfficialClient) -> None:
    """Positions are Kafka's: another gateway resumes them exactly."""
    topic = LiveTopic()
    async with running(topic) as first:
        port = first.address[1]
        topic.record()
        await client.connect(first.socket_url, token())
        await client.subscribe("fleet:acme")
        await client.events.wait("subscribed")
        topic.publish(position("a", 1))
        await client.events.wait("publication")
        await first.stop()
        assert (await client.events.wait("connecting", 2))["code"] == 3001
    topic.publish(position("a", 2))
    async with running(topic, port=port):
        assert (await client.events.wait("subscribed", 2))["recovered"]
        await client.events.wait("publication", 2)
        assert [each["offset"] for each in client.events.of("publication")] == [1, 2]


async def test_a_large_snapshot_comes_by_pages_within_default_limits(client: OfficialClient) -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(*(position(f"a{n}", 1, pad=300) for n in range(3_000)))
        topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:acme")
        page = (await client.events.wait("subscribed"))["data"]
        seen = [each["entity"] for each in page["items"]]
        pages = 0
        while "next" in page:
            await client.rpc("snapshot.page", {"channel": "fleet:acme", "offset": page["offset"], "next": page["next"]})
            pages += 1
            page = (await client.events.wait("rpc", pages))["data"]
            seen += [each["entity"] for each in page["items"]]
        assert len(seen) == len(set(seen)) == 3_000
        assert pages >= 2
