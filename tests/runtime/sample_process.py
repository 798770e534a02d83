"""A process as a room would write it, for test_process.py to run. BEHAVIOUR says how it behaves."""

import asyncio
import os
import time

import structlog
from aiohttp import web
from pydantic import Field, SecretStr

from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded, Section

log = structlog.get_logger(__name__)


class SampleSettings(Section, section="SAMPLE"):
    password: SecretStr = Field(description="A password.")


class Worker:
    """Behaves as it is told."""

    name = "worker"

    def __init__(self, behaviour: str) -> None:
        self._behaviour = behaviour

    async def run(self, stopping: asyncio.Event) -> None:
        log.info("working")
        if self._behaviour == "crash":
            raise RuntimeError("postgresql://u:hunter2@db/x is gone")
        if self._behaviour == "block":
            await asyncio.to_thread(time.sleep, 60)
        await stopping.wait()
        if self._behaviour == "linger":
            await asyncio.sleep(60)


async def compose(loaded: Loaded, process: Process) -> None:
    behaviour = os.environ["BEHAVIOUR"]
    if behaviour == "never-composed":
        log.info("working")
        await asyncio.sleep(60)
    if behaviour == "cannot-compose":
        raise RuntimeError("no database")
    log.info("composed", password=loaded[SampleSettings].password.get_secret_value())

    async def close() -> None:
        log.info("closed")

    process.resources.push_async_callback(close)
    app: web.Application = new_app()
    add_probes(app, process.health, process.registry)
    process.add(HttpService("admin", app, loaded[AdminSettings].host, loaded[AdminSettings].port))
    process.add(Worker(behaviour))


if __name__ == "__main__":
    run_process("sample", [AdminSettings, SampleSettings], compose)
