"""The ingest process, as it is deployed: started by its command, set by its environment, ended by a signal."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.ingest.rig import Reply

PROJECT = Path(__file__).resolve().parents[2]
WITHIN = 60.0


def environment(**settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
    return inherited | {f"FLEETCAST_{name}": value for name, value in {"GRPC_PORT": "0", **settings}.items()}


def command(environ: dict[str, str], *arguments: str) -> str:
    """Runs `python -m ARGUMENTS`, which must succeed; returns what it printed."""
    ended = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def set_up(environ: dict[str, str]) -> None:
    """The steps of a deployment."""
    command(environ, "storage", "migrate")
    command(environ, "backbone", "topics", "apply")
    command(environ, "backbone", "schemas", "register")


def credential(environ: dict[str, str], *arguments: str) -> dict[str, Any]:
    made = json.loads(command(environ, "access", "credential", "create", *arguments, "--json"))
    assert isinstance(made, dict)
    return made


class IngestProcess:
    """A running `python -m ingest`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, session: aiohttp.ClientSession) -> None:
        self.process = process
        self.url = url
        self._session = session

    async def send(
        self, method: str, path: str, value: Any = None, token: str | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        body = None if value is None else json.dumps(value).encode()
        async with self._session.request(method, self.url + path, data=body, headers=sent) as answer:
            named = {name.lower(): each for name, each in answer.headers.items()}
            return Reply(answer.status, named, await answer.read())

    async def until(self, holds: Callable[[Reply], bool], method: str, path: str, *more: Any) -> Reply:
        """Sends until the answer is as wanted; fails if it is not in time."""
        deadline = asyncio.get_running_loop().time() + WITHIN
        while not holds(reply := await self.send(method, path, *more)):
            assert asyncio.get_running_loop().time() < deadline, reply
            await asyncio.sleep(0.1)
        return reply

    async def ready(self) -> None:
        await self.until(lambda reply: reply.status == 200, "GET", "/readyz")

    async def end(self) -> int:
        """Ends it as an operator does; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WITHIN):
            return await self.process.wait()


@asynccontextmanager
async def ingest_process(environ: dict[str, str], log: Path) -> AsyncIterator[IngestProcess]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ingest", cwd=PROJECT, env=environ, stderr=out
        )
    try:
        url = await _url(process, log)
        async with aiohttp.ClientSession() as session:
            yield IngestProcess(process, url, session)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _url(process: asyncio.subprocess.Process, log: Path) -> str:
    """It takes a free port, and its log says which."""
    deadline = asyncio.get_running_loop().time() + WITHIN
    while True:
        said = await asyncio.to_thread(log.read_text)
        for line in said.splitlines():
            if '"listening"' in line and '"http"' in line:
                return str(json.loads(line)["url"])
        assert process.returncode is None, said
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(0.05)
