"""Notifications on sockets, seen by the official Python client: acknowledged, told who was shown what, recovered."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from centrifuge import Client, ClientEventHandler, RpcResult, ServerPublicationContext
from centrifuge.exceptions import ReplyError

from backbone.publishing import QUEUE_FULL
from backbone.topics import USER_LIVE
from domain.delivery_step import PushReceipt, Step
from domain.instants import HOUR
from domain.live_update import LiveUpdate
from domain.notification_live import INBOX, NOTIFICATION, TYPING
from domain.push_state import PushState
from push_service.gateway.notices.acks import AckLimits, Acks
from storage.push_decisions import NoticeKey
from tests.gateway.live_topic import FRAMING, LiveTopic
from tests.gateway.raw_client import RawClient
from tests.gateway.running import DEADLINE, Running, maker, running, token, until

CHANNEL = "user:acme/u1"


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running(LiveTopic(name=USER_LIVE.name)) as serving:
        yield serving


def publish(gateway: Running, notice_id: str, kind: str = NOTIFICATION, user: str = "u1") -> None:
    now = time.time_ns() // 1000
    update = LiveUpdate(
        id=notice_id,
        fleet="acme",
        channels=[f"user:acme/{user}"],
        kind=kind,
        entity=f"{kind}/{notice_id}",
        event_time=now,
        version=now,
        received_at=now,
        payload=msgspec.json.encode({"kind": kind, "id": notice_id}),
    )
    gateway.topic.publish_raw(f"acme/{user}", FRAMING + msgspec.msgpack.encode(update))


def have(gateway: Running, *ids: str, user: str = "u1", state: PushState = PushState.PENDING) -> None:
    gateway.topic.acks.states.update({NoticeKey("acme", user, each): state for each in ids})


class Shown(ClientEventHandler):  # type: ignore[misc]  # the library ships no types
    """What came on the user's own channel."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        self.ids.append(ctx.pub.data["id"])


class Phone:
    """An official client of one user."""

    def __init__(self, gateway: Running, user: str = "u1") -> None:
        self.shown = Shown()
        self.client = Client(gateway.socket_url, token=token(user=user), events=self.shown)
        gateway.clients.append(self)

    async def connect(self) -> None:
        await self.client.connect()
        await self.client.ready(DEADLINE)

    async def ack(self, *ids: str) -> list[str]:
        result: RpcResult = await self.client.rpc("ack", {"ids": list(ids)})
        acked: list[str] = result.data["acked"]
        return acked

    async def close(self) -> None:
        await self.client.disconnect()


async def phone(gateway: Running, user: str = "u1") -> Phone:
    made = Phone(gateway, user)
    await made.connect()
    return made


async def receipts(gateway: Running, count: int) -> list[PushReceipt]:
    await until(lambda: len(gateway.topic.receipts) >= count, f"{count} receipts")
    assert len(gateway.topic.receipts) == count
    return gateway.topic.receipts


async def test_an_acknowledgement_is_answered_when_it_is_set(gateway: Running) -> None:
    have(gateway, "n1", "n2")
    have(gateway, "n3", state=PushState.SENT)
    ann = await phone(gateway)

    assert await ann.ack("n1", "n3", "nothing", "n1") == ["n1", "n3"]

    states = gateway.topic.acks.states
    assert states[NoticeKey("acme", "u1", "n1")] is PushState.ACKED
    assert states[NoticeKey("acme", "u1", "n2")] is PushState.PENDING
    told = await receipts(gateway, 2)
    assert [(each.notification, each.step, each.outcome, each.user) for each in told] == [
        ("n1", Step.ACKED, "push-prevented", "u1"),
        ("n3", Step.ACKED, None, "u1"),
    ]
    assert {each.gateway for each in told} == {gateway.gateway.node}
    assert await ann.ack("n1") == ["n1"], "again is no error"
    assert await ann.ack() == []


async def test_others_notifications_are_answered_as_those_that_there_are_not(gateway: Running) -> None:
    have(gateway, "n1", user="u2")
    assert await (await phone(gateway)).ack("n1") == []
    assert gateway.topic.acks.states[NoticeKey("acme", "u2", "n1")] is PushState.PENDING
    assert gateway.topic.receipts == []


async def test_while_the_database_is_away_an_acknowledgement_is_a_temporary_error(gateway: Running) -> None:
    have(gateway, "n1")
    ann = await phone(gateway)
    gateway.topic.acks.away = True
    with pytest.raises(ReplyError) as refused:
        await ann.ack("n1")
    assert (refused.value.code, refused.value.temporary) == (100, True)

    gateway.topic.acks.away = False
    assert await ann.ack("n1") == ["n1"]


@pytest.mark.parametrize(
    "data",
    [None, 7, [], {}, {"ids": None}, {"ids": "n1"}, {"ids": [1]}, {"ids": ["a/b"]}, {"ids": [""]}, {"id": ["n1"]},
     {"ids": ["n1"], "more": 1}, {"ids": ["n"] * 501}],
)  # fmt: skip
async def test_what_is_no_acknowledgement_is_refused(gateway: Running, data: Any) -> None:
    client = await RawClient.connected(gateway)
    reply = await client.ask(rpc={"method": "ack", "data": data})
    assert reply["error"]["code"] == 107
    assert gateway.topic.acks.calls == []


async def test_acknowledgements_of_many_connections_are_one_statement(gateway: Running) -> None:
    users = [f"u{number}" for number in range(20)]
    for user in users:
        have(gateway, "n1", "n2", user=user)
    phones = [await phone(gateway, user) for user in users]

    answers = await asyncio.gather(*(each.ack("n1", "n2") for each in phones))

    assert answers == [["n1", "n2"]] * 20
    assert len(gateway.topic.acks.calls) < 15
    assert sum(len(each) for each in gateway.topic.acks.calls) == 40


async def test_acknowledgements_that_wait_are_bounded_and_batches_too() -> None:
    store = LiveTopic().acks
    acks = Acks(store, AckLimits(gather_seconds=0.01, batch=3, waiting=6))
    keys = [NoticeKey("acme", "u1", f"n{number}") for number in range(7)]
    waiting = [asyncio.ensure_future(acks.ack(keys[start : start + 2])) for start in (0, 2, 4)]
    await asyncio.sleep(0)

    with pytest.raises(Exception, match="too many acknowledgements wait"):
        await acks.ack(keys[6:])
    await asyncio.gather(*waiting)
    assert [len(each) for each in store.calls] == [2, 2, 2]


async def test_each_of_the_users_connections_that_was_shown_it_has_a_receipt(gateway: Running) -> None:
    first, second, other = await phone(gateway), await phone(gateway), await phone(gateway, "u2")
    publish(gateway, "n1")
    publish(gateway, "x1", INBOX)
    await until(lambda: first.shown.ids == second.shown.ids == ["n1", "x1"], "both to be shown it")

    told = await receipts(gateway, 2)
    assert {(each.notification, each.step, each.outcome) for each in told} == {("n1", Step.SENT, "live")}
    assert len({each.client for each in told}) == len({each.id for each in told}) == 2
    assert other.shown.ids == []


async def test_others_who_follow_a_users_channel_are_no_recipients(gateway: Running) -> None:
    """Somebody whose token opens it, such as support staff."""
    opened = maker().make(user="staff", fleets=["acme"], capabilities=["watch"], valid_for=HOUR, channels=[CHANNEL])
    staff = await RawClient.open(gateway)
    assert CHANNEL in (await staff.ask(connect={"token": opened}))["connect"]["subs"]
    ann = await phone(gateway)
    publish(gateway, "n1")

    assert (await staff.next())["push"]["pub"]["data"]["id"] == "n1"
    await until(lambda: ann.shown.ids == ["n1"])
    assert [each.user for each in await receipts(gateway, 1)] == ["u1"]


async def test_what_is_recovered_has_a_receipt_too(gateway: Running) -> None:
    client = await RawClient.open(gateway)
    connected = (await client.ask(connect={"token": token()}))["connect"]["subs"][CHANNEL]
    await client.close()
    publish(gateway, "n1")
    publish(gateway, "n2")
    again = await RawClient.open(gateway)
    position = {"recover": True, "offset": connected.get("offset", 0), "epoch": connected["epoch"]}
    reply = (await again.ask(connect={"token": token(), "subs": {CHANNEL: position}}))["connect"]["subs"][CHANNEL]

    assert [each["data"]["id"] for each in reply["publications"]] == ["n1", "n2"]
    told = await receipts(gateway, 2)
    assert [(each.notification, each.outcome) for each in told] == [("n1", "recovered"), ("n2", "recovered")]


async def test_what_a_connection_had_when_it_came_back_is_told_again(gateway: Running) -> None:
    """The gateway that showed it may have been killed before it could tell."""
    client = await RawClient.open(gateway)
    connected = (await client.ask(connect={"token": token()}))["connect"]["subs"][CHANNEL]
    publish(gateway, "n1")
    offset = (await client.next())["push"]["pub"]["offset"]
    publish(gateway, "n2")
    await client.next()
    assert [each.outcome for each in await receipts(gateway, 2)] == ["live", "live"]
    await client.close()
    again = await RawClient.open(gateway)
    position = {"recover": True, "offset": offset, "epoch": connected["epoch"]}
    await again.ask(connect={"token": token(), "subs": {CHANNEL: position}})

    told = (await receipts(gateway, 4))[2:]
    assert {(each.notification, each.step, each.outcome) for each in told} == {
        ("n1", Step.SENT, "resumed"),
        ("n2", Step.SENT, "recovered"),
    }
    assert len({each.client for each in told}) == 1


async def test_receipts_wait_for_kafka_and_lose_nothing(gateway: Running) -> None:
    ann = await phone(gateway)
    gateway.publisher.failing = QUEUE_FULL
    publish(gateway, "n1")
    await until(lambda: ann.shown.ids == ["n1"])
    await asyncio.sleep(0.1)
    publish(gateway, "n2")
    await until(lambda: ann.shown.ids == ["n1", "n2"], "to be shown although no receipt can be told")
    assert gateway.topic.receipts == []

    gateway.publisher.failing = None
    assert [each.notification for each in await receipts(gateway, 2)] == ["n1", "n2"]


async def test_typing_is_shown_and_kept_nowhere(gateway: Running) -> None:
    client = await RawClient.open(gateway)
    before = (await client.ask(connect={"token": token()}))["connect"]["subs"][CHANNEL]
    publish(gateway, "t1", TYPING)
    push = (await client.next())["push"]
    assert push["pub"]["data"]["id"] == "t1"
    assert "offset" not in push["pub"], "it moves no position"

    again = await RawClient.open(gateway)
    position = {"recover": True, "offset": before.get("offset", 0), "epoch": before["epoch"]}
    reply = (await again.ask(connect={"token": token(), "subs": {CHANNEL: position}}))["connect"]["subs"][CHANNEL]
    assert (reply["recovered"], reply.get("publications", [])) == (True, [])
    assert json.dumps(gateway.topic.receipts) == "[]"
