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
import pytest

from benchmarks.acks.acking_client import AckingClient
from devstack.demo import Demo
from tests.dispatcher.push_watch import WITHIN, PushWatch


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
        watch = PushWatch(demo.describe(), session)
        with doomed(demo, point) as process:
            # A socket that acknowledges nothing: so the push waits for the deadline.
            async with AckingClient(session, watch.stack.gateway_url, watch.stack.viewer_jwt, lambda: None):
                await asyncio.sleep(1.0)
                await watch.post(unique, **changes())
                await died(process)
        await watch.pushed(unique)
