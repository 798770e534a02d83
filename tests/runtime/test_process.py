"""The life of a whole process: settings, log, signals, exit code. Real processes, real signals."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.runtime.raw_http import exchange

SECONDS = 20.0


class Running:
    """A sample process, and what it has logged so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.log: list[dict[str, Any]] = []

    async def until(self, message: str) -> dict[str, Any]:
        """Read the log up to this message."""
        assert self._process.stderr is not None
        async with asyncio.timeout(SECONDS):
            async for line in self._process.stderr:
                self.log.append(json.loads(line))
                if self.log[-1]["message"] == message:
                    return self.log[-1]
        raise AssertionError(f"{message!r} is not in {self.log}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def exit_code(self) -> int:
        assert self._process.stderr is not None
        async with asyncio.timeout(SECONDS):
            self.log += [json.loads(line) async for line in self._process.stderr]
            return await self._process.wait()

    def messages(self) -> list[str]:
        return [each["message"] for each in self.log]

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


Start = Callable[..., Awaitable[Running]]


async def spawn(*arguments: str, **environ: str) -> asyncio.subprocess.Process:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.runtime.sample_process",
        *arguments,
        env={**inherited, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    started: list[Running] = []

    async def start(behaviour: str, **environ: str) -> Running:
        running = Running(await spawn(BEHAVIOUR=behaviour, FLEETCAST_SAMPLE_PASSWORD="hunter2", **environ))
        started.append(running)
        return running

    yield start
    for running in started:
        running.kill()
        await running.exit_code()


async def output(*arguments: str, **environ: str) -> tuple[int | None, str, str]:
    process = await spawn(*arguments, **environ)
    async with asyncio.timeout(SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_check_says_ok_and_starts_nothing() -> None:
    assert await output("--check", FLEETCAST_SAMPLE_PASSWORD="hunter2") == (0, "ok\n", "")


@pytest.mark.parametrize("arguments", [["--check"], []])
async def test_wrong_settings_are_all_told_and_nothing_starts(arguments: list[str]) -> None:
    code, out, err = await output(
        *arguments, FLEETCAST_ADMIN_PORT="x", FLEETCAST_LOG_LEVEL="loud", FLEETCAST_LOG_FROMAT="json"
    )
    assert (code, out) == (2, "")
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        "FLEETCAST_LOG_FROMAT",
        "FLEETCAST_LOG_LEVEL",
        "FLEETCAST_ADMIN_PORT",
        "FLEETCAST_SAMPLE_PASSWORD",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(start: Start, number: signal.Signals) -> None:
    running = await start("work")
    url = (await running.until("listening"))["url"]
    ready = await exchange(url, b"GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n")
    metrics = await exchange(url, b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
    assert ready.status == 200
    assert b"process_cpu_seconds_total" in metrics.body
    assert b"python_gc_collections_total" in metrics.body
    running.signal(number)
    assert await running.exit_code() == 0
    assert running.messages()[-3:] == ["stopping", "closed", "stopped"]


async def test_no_secret_is_logged(start: Start) -> None:
    running = await start("crash")
    assert await running.exit_code() == 1
    assert "composed" in running.messages()
    assert "is gone" in str(running.log)
    assert "hunter2" not in str(running.log)


async def test_a_crash_is_logged_with_its_trace_and_ends_the_rest(start: Start) -> None:
    running = await start("crash")
    assert await running.exit_code() == 1
    (early,) = [each for each in running.log if each["message"] == "service ended early"]
    assert (early["level"], early["process"], early["service"]) == ("error", "sample", "worker")
    assert early["exception"][0]["exc_type"] == "RuntimeError"
    assert running.messages()[-2:] == ["closed", "stopped"]


async def test_what_cannot_be_built_is_a_crash(start: Start) -> None:
    running = await start("cannot-compose")
    assert await running.exit_code() == 1
    assert "crashed" in running.messages()


async def test_a_signal_ends_it_while_it_is_still_being_built(start: Start) -> None:
    running = await start("never-composed")
    await running.until("working")
    running.signal(signal.SIGTERM)
    assert await running.exit_code() == 0


async def test_a_second_signal_aborts(start: Start) -> None:
    running = await start("linger")
    await running.until("working")
    running.signal(signal.SIGTERM)
    await running.until("stopping")
    running.signal(signal.SIGTERM)
    assert await running.exit_code() == 1
    assert running.messages()[-1] == "aborted"


@pytest.mark.parametrize("behaviour", ["linger", "block"])
async def test_nobody_outstays_the_deadline(start: Start, behaviour: str) -> None:
    """Not even a thread that blocks: an orderly exit of the interpreter would wait for it."""
    running = await start(behaviour, FLEETCAST_PROCESS_SERVICE_STOP_SECONDS="0.1")
    await running.until("working")
    running.signal(signal.SIGTERM)
    assert await running.exit_code() == 1
    assert "service did not stop in time, cancelled" in running.messages()
