"""control_api and gateway as processes on real servers, through their public interfaces alone."""

import asyncio
import functools
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from devstack.demo import Demo
from devstack.part import Part
from devstack.ports import LOOPBACK, free_port
from devstack.probes import http_ok
from tests.gateway.raw_client import RawClient
from tests.road.gateways import GatewayProcess, gateway_process, viewer_token

pytestmark = pytest.mark.timeout(240)

WITHIN = 60.0
Answer = tuple[int, Any]


class Person:
    """A user, with a client of the control API and of ingest."""

    def __init__(self, demo: Demo, session: aiohttp.ClientSession, name: str) -> None:
        self.told = demo.describe()
        self.name = name
        self.token = viewer_token(demo, self.told.fleet, name)
        self.control_url = self.told.control_url
        self._session = session

    async def ask(self, method: str, path: str, body: Any = None, bearer: str | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {bearer or self.token}"}
        url = path if path.startswith("http") else self.control_url + path
        async with self._session.request(method, url, json=body, headers=headers) as reply:
            text = await reply.read()
            return reply.status, await reply.json(content_type=None) if text else None

    async def unread(self) -> int:
        return int((await self.ask("GET", "/v1/inbox/unread"))[1]["unread"])

    async def send(self, notice: str, **fields: Any) -> None:
        """What a back end does: one notification to this user."""
        body = {"type": "message", "id": notice, "user": self.name, "title": "Hello", **fields}
        status, said = await self.ask(
            "POST", f"{self.told.ingest_url}/v1/notifications", body, self.told.backend_credential
        )
        assert status == 202, said

    async def timeline(self, notice: str) -> list[tuple[str, str | None]]:
        path = f"/v1/deliveries/{notice}?user={self.name}"
        status, found = await self.ask("GET", path, bearer=self.told.backend_credential)
        return [(each["step"], each["outcome"]) for each in found["deliveries"][0]["steps"]] if status == 200 else []


@pytest.fixture
async def ann(demo: Demo, unique: str) -> AsyncIterator[Person]:
    async with aiohttp.ClientSession() as session:
        yield Person(demo, session, f"ann-{unique}")


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    end = asyncio.get_running_loop().time() + WITHIN
    while not await holds():
        assert asyncio.get_running_loop().time() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


async def shown(tab: RawClient, kind: str) -> dict[str, Any]:
    """The next publication of a kind."""
    async with asyncio.timeout(WITHIN):
        while True:
            payload: dict[str, Any] = (await tab.next()).get("push", {}).get("pub", {}).get("data", {})
            if payload.get("kind") == kind:
                return payload


@asynccontextmanager
async def another_control(demo: Demo, **settings: str) -> AsyncIterator[tuple[str, Part]]:
    """A control_api beside the stack's, with settings of its own."""
    url = f"http://{LOOPBACK}:{(port := free_port())}"
    own = {"FLEETCAST_CONTROL_HOST": LOOPBACK, "FLEETCAST_CONTROL_PORT": str(port), **settings}
    command = demo.product.command("control_api", env=own)
    ready = functools.partial(http_ok, f"{url}/readyz")
    part = Part(f"control-{secrets.token_hex(4)}", command, ready=ready, site=demo.stack.site)
    await asyncio.to_thread(part.start)
    try:
        yield url, part
    finally:
        await asyncio.to_thread(part.stop)


async def test_a_read_in_one_tab_clears_the_badge_in_the_other_within_a_second(demo: Demo, ann: Person) -> None:
    async with gateway_process(demo) as first, gateway_process(demo) as second:
        one, two = await first.connect(ann.token), await second.connect(ann.token)
        await ann.send("n1")
        assert (await shown(one, "notification"))["id"] == (await shown(two, "notification"))["id"] == "n1"
        assert await ann.unread() == 1

        began = time.monotonic()
        status, done = await ann.ask("POST", "/v1/inbox/read", {"ids": ["n1"]})
        cleared = await shown(two, "inbox")
        assert time.monotonic() - began < 1.0
        assert (status, done["unread"], cleared["unread"], cleared["ids"]) == (200, 0, 0, ["n1"])

        steps: list[tuple[str, str | None]] = []

        async def complete() -> bool:
            steps[:] = await ann.timeline("n1")
            return sum(step == "sent" for step, _ in steps) == 2 and ("read", "push-prevented") in steps

        await until(complete, "the timeline")
        assert [step for step, _ in steps[:3]] == ["accepted", "classified", "stored"]


async def test_who_is_revoked_is_refused_here_too(demo: Demo, ann: Person) -> None:
    assert await ann.unread() == 0
    gateway = GatewayProcess(demo, {})
    gateway.url = demo.describe().admin_urls["gateway"]
    await gateway.backend.do("revoke_user", user=f"{ann.told.fleet}/{ann.name}")

    async def refused() -> bool:
        return (await ann.ask("GET", "/v1/inbox/unread"))[0] == 401

    await until(refused, "the revocation")


async def test_without_postgresql_a_gateway_starts_and_serves_and_acks_are_temporary_errors(
    demo: Demo, ann: Person
) -> None:
    await ann.send("n1")

    async def stored() -> bool:
        return await ann.unread() == 1

    await until(stored, "the notification")
    postgres = demo.stack["postgres"]
    await asyncio.to_thread(postgres.kill)
    try:
        async with gateway_process(demo) as gateway:
            tab = await gateway.connect(ann.token)
            assert "data" in await tab.subscribe(f"fleet:{ann.told.fleet}")
            refused = await tab.ask(rpc={"method": "ack", "data": {"ids": ["n1"]}})
            assert (refused["error"]["code"], refused["error"]["temporary"]) == (100, True)
            assert (await ann.ask("GET", "/v1/inbox"))[0] == 503

            await asyncio.to_thread(postgres.start)

            async def acked() -> bool:
                reply = await tab.ask(rpc={"method": "ack", "data": {"ids": ["n1"]}})
                return bool(reply.get("rpc") == {"data": {"acked": ["n1"]}})

            await until(acked, "the acknowledgement")
    finally:
        if not postgres.running:
            await asyncio.to_thread(postgres.start)

    async def told() -> bool:
        return "acked" in [step for step, _ in await ann.timeline("n1")]

    await until(told, "the receipt")


@pytest.mark.parametrize("place", ["control.changed", "control.steps-told", "control.told"])
async def test_a_change_that_was_cut_off_is_told_when_it_is_sent_again(demo: Demo, ann: Person, place: str) -> None:
    """kill -9 between any two steps: the notification is read once, and the other devices learn of it."""
    async with gateway_process(demo) as gateway, another_control(demo, FLEETCAST_PROCESS_FAIL_AT=place) as dying:
        tab = await gateway.connect(ann.token)
        await ann.send("n1")
        await shown(tab, "notification")
        with pytest.raises(aiohttp.ClientError):
            await ann.ask("POST", f"{dying[0]}/v1/inbox/read", {"ids": ["n1"]})
        assert await ann.unread() == 0

        status, done = await ann.ask("POST", "/v1/inbox/read", {"ids": ["n1"]})

        assert (status, done["changed"]) == (200, 0)
        assert (await shown(tab, "inbox"))["ids"] == ["n1"]

        async def told_once() -> bool:
            return [step for step, _ in await ann.timeline("n1")].count("read") == 1

        await until(told_once, "the timeline")


async def test_an_acknowledgement_whose_answer_was_lost_counts_and_can_be_sent_again(demo: Demo, ann: Person) -> None:
    """kill -9 of the gateway after PostgreSQL has it and before the app is told. Where three seconds go by before that,
    since the machine is busy, the push is rightly queued, and it is tried again.
    """
    for told in ("n1", "n2", "n3"):
        async with (
            gateway_process(demo, FLEETCAST_PROCESS_FAIL_AT="gateway.acked") as dying,
            gateway_process(demo) as other,
        ):
            tab = await dying.connect(ann.token)
            await ann.send(told)
            await shown(tab, "notification")
            await tab.send({"id": 9, "rpc": {"method": "ack", "data": {"ids": [told]}}})
            await asyncio.wait_for(tab.connection.wait_closed(), WITHIN)

            again = await other.connect(ann.token)
            reply = await again.ask(rpc={"method": "ack", "data": {"ids": [told]}})
            assert reply["rpc"]["data"] == {"acked": [told]}

            async def acked(told: str = told) -> bool:
                return "acked" in [step for step, _ in await ann.timeline(told)]

            await until(acked, "the timeline")
            steps = await ann.timeline(told)
            if "queued" not in [step for step, _ in steps]:
                assert ("acked", "push-prevented") in steps
                return
    pytest.fail("pushed three times although it was acknowledged")
