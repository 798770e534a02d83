"""The dispatcher's process dies by kill -9 between two steps of what comes late: all is pushed once, and told whole."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import psycopg
import pytest

from benchmarks.acks.acking_client import AckingClient
from devstack.demo import Demo
from devstack.demo_keys import VIEWER

WITHIN = 90.0  # seconds; a member that died is noticed after 8
STEPS = {"queued", "attempted"}


class Watch:
    """Posts notifications and looks what became of them."""

    def __init__(self, demo: Demo, session: aiohttp.ClientSession, name: str) -> None:
        self.stack = demo.describe()
        self.session = session
        self.name = name

    async def post(self, **changes: Any) -> None:
        body = {"user": VIEWER, "type": "message", "title": "T", "body": "b", "id": self.name, **changes}
        headers = {"Authorization": f"Bearer {self.stack.backend_credential}"}
        async with self.session.post(f"{self.stack.ingest_url}/v1/notifications", json=body, headers=headers) as answer:
            assert answer.status == 202, await answer.text()

    async def arrivals(self) -> list[int]:
        """How often it came to each phone."""
        async with self.session.get(f"{self.stack.phone_url}/arrivals") as answer:
            phones = await answer.json()
        return [phone["arrived"][self.name]["count"] for phone in phones if self.name in phone["arrived"]]

    async def history(self) -> tuple[list[str], set[str]]:
        """(states, steps)"""
        return await asyncio.to_thread(self._history)

    def _history(self) -> tuple[list[str], set[str]]:
        with psycopg.connect(self.stack.postgres_url) as connection:
            states = connection.execute("SELECT push_state FROM notifications WHERE id = %s", (self.name,)).fetchall()
            steps = connection.execute(
                "SELECT DISTINCT step FROM delivery_steps WHERE notification = %s", (self.name,)
            ).fetchall()
        return [state for (state,) in states], {step for (step,) in steps}

    async def pushed(self) -> None:
        """Returns when it is on both phones and its timeline says so."""
        async with asyncio.timeout(WITHIN):
            while True:
                if await self.arrivals() == [1, 1] and (await self.history())[1] >= STEPS:
                    break
                await asyncio.sleep(0.2)
        assert (await self.history())[0] == ["sent"]


@contextmanager
def doomed(demo: Demo, point: str) -> Iterator[subprocess.Popen[bytes]]:
    """The dispatcher in the place of the stack's own, to die at the point."""
    demo.stack["dispatcher"].stop()
    env = {"FLEETCAST_ADMIN_PORT": "0", "FLEETCAST_PROCESS_FAIL_AT": point}
    command = demo.product.command("push_service.dispatcher", env=env)
    process = subprocess.Popen(
        command.argv, cwd=command.cwd, env={**os.environ, **command.env}, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        demo.stack["dispatcher"].start()


async def died(process: subprocess.Popen[bytes]) -> None:
    assert await asyncio.to_thread(process.wait, WITHIN) == -signal.SIGKILL


def soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("point", "changes"),
    [
        ("pushes.queued", dict[str, Any]),  # of one that waited for an acknowledgement
        ("timer.produced", lambda: {"send_at": soon()}),
        ("timeline.stored", dict[str, Any]),
    ],
)
async def test_what_comes_late_is_pushed_once_although_the_process_dies(
    demo: Demo, unique: str, point: str, changes: Callable[[], dict[str, Any]]
) -> None:
    async with aiohttp.ClientSession() as session:
        watch = Watch(demo, session, unique)
        with doomed(demo, point) as process:
            # A socket that acknowledges nothing: so the push waits for the deadline.
            async with AckingClient(session, watch.stack.gateway_url, watch.stack.viewer_jwt, lambda: None):
                await asyncio.sleep(1.0)
                await watch.post(**changes())
                await died(process)
        await watch.pushed()
