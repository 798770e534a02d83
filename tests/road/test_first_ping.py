"""The README's first ping, as it stands there: its commands by a shell, its ten lines of Python as a program."""

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from benchmarks.replays.counts import by_label, scrape
from devstack.demo import Demo
from devstack.stack_file import FILE

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
CURL = "curl() { printf '%s\\0' \"$@\"; }"
"""Tells what curl would be asked for: a fresh machine may not have it."""


@pytest.fixture
def clone(demo: Demo, tmp_path: Path) -> Path:
    """A folder with what the README relies on: the virtual environment, and `var/stack.json` of a running stack."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / FILE).symlink_to(demo.stack.site.directory / FILE)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


async def test_what_the_readme_sends_is_what_its_listener_prints(demo: Demo, clone: Path) -> None:
    [program] = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
    (clone / "listen.py").write_text(program)
    assert len([line for line in program.splitlines() if line]) <= 12
    shell_function, ping, change = re.findall(r"^    \$ ((?:.+\\\n)*.+)$", README, re.MULTILINE)
    async with aiohttp.ClientSession() as session, _listening(demo, session, clone) as listener:
        answers = [
            await _curl(session, await _shell(clone, f"{shell_function}\n{CURL}\n{each}")) for each in (ping, change)
        ]
        assert listener.stdout is not None
        async with asyncio.timeout(20):
            printed = [(await listener.stdout.readline()).decode() for _ in answers]
    for answer in answers:
        [result] = answer["results"]
        assert (answer["accepted"], answer["refused"], result["status"], result["flags"]) == (1, 0, "accepted", [])
    # A ping and a status change take two roads: either may be shown first.
    for answer, said in zip(answers, ("'heading': 90", "'delivering'"), strict=True):
        [line] = [each for each in printed if answer["results"][0]["id"] in each]
        assert said in line


async def test_the_stack_file_has_all_that_scripts_need(demo: Demo, clone: Path) -> None:
    stack = json.loads((clone / "var" / FILE).read_text())
    texts = ("ingest_url", "gateway_url", "map_url", "registry_url", "kafka_bootstrap", "redis_url", "postgres_url")
    for name in (*texts, "control_url", "phone_url", "backend_credential", "viewer_jwt"):
        assert stack[name]
    assert stack["fleet"] == "demo"
    assert stack["gateway_url"].endswith("/connection/websocket")
    assert set(stack["device"]) == {"id", "credential"}
    parts = {"ingest", "enrich", "route", "address", "recorder", "gateway", "kafka", "valkey", "postgres", "registry"}
    assert parts <= stack["pids"].keys()
    assert (clone / "var" / FILE).stat().st_mode & 0o077 == 0, "it holds secrets"


@contextlib.asynccontextmanager
async def _listening(
    demo: Demo, session: aiohttp.ClientSession, clone: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The README's program, once it has subscribed."""
    before = await _subscribes(demo, session)
    listener = await asyncio.create_subprocess_exec(
        *(str(clone / ".venv/bin/python"), "listen.py"),
        cwd=clone,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(20):
            while await _subscribes(demo, session) == before:  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.05)
        yield listener
    finally:
        listener.terminate()
        await listener.wait()


async def _subscribes(demo: Demo, session: aiohttp.ClientSession) -> int:
    counts = await scrape(session, {"gateway": demo.product.admin_urls["gateway"]})
    return by_label(counts, "fleetcast_gateway_subscribes").get("snapshot", 0)


async def _shell(clone: Path, script: str) -> list[str]:
    """The arguments that a shell hands to curl."""
    shell = await asyncio.create_subprocess_exec("/bin/sh", "-ec", script, cwd=clone, stdout=asyncio.subprocess.PIPE)
    said, _ = await shell.communicate()
    assert shell.returncode == 0
    return said.decode().rstrip("\0").split("\0")


async def _curl(session: aiohttp.ClientSession, arguments: list[str]) -> dict[str, Any]:
    """As curl does with `-s URL -H HEADER -d DATA`."""
    words = iter(arguments)
    url, data, headers = "", "", {}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            data = next(words)
        elif word != "-s":
            url = word
    async with session.post(url, data=data.encode(), headers=headers) as answer:
        assert answer.status == 202
        said: dict[str, Any] = await answer.json()
        return said
