"""The frame of every process: arguments, settings, log, metrics, services, exit code."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import NoReturn

import structlog
import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from pydantic import Field

from runtime.fail_points import FailPoints
from runtime.health import Health
from runtime.logging import LogSettings, configure_logging
from runtime.settings import Loaded, Section, SettingsError, load_sections
from runtime.supervision import Service, Supervisor

log = structlog.get_logger(__name__)

EXIT_OK = 0
EXIT_CRASH = 1
EXIT_SETTINGS = 2
CLOSE_SECONDS = 5.0  # what closing all resources may take, after the services have ended


class ProcessSettings(Section, section="PROCESS"):
    """How a process ends."""

    stop_seconds: float = Field(
        default=20.0,
        gt=0,
        description="What all services together get to stop after SIGTERM or SIGINT; then they are cancelled.",
    )
    service_stop_seconds: float = Field(
        default=10.0, gt=0, description="What one service gets to stop; then it is cancelled."
    )
    fail_at: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9.-]*(:[1-9][0-9]{0,8})?)?$",
        description="For tests alone: the fail point at which the process dies as by kill -9, such as "
        "`dispatcher.stored`, or `dispatcher.stored:3` for the third time.",
    )


class Process:
    """What a composition root adds to: services, conditions of health, metrics, and resources to close at the end."""

    def __init__(self, name: str, supervisor: Supervisor, fail_points: FailPoints | None = None) -> None:
        self.name = name
        self.registry = CollectorRegistry()
        self.health = Health()
        self.resources = AsyncExitStack()
        """Clients to close when every service has ended: `process.resources.push_async_callback(redis.aclose)`."""
        self.fail_points = fail_points or FailPoints()
        self._supervisor = supervisor
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def add(self, service: Service) -> None:
        """Add a service. They start in this order and stop in reverse: add first what others rely on."""
        self._supervisor.add(service)


Compose = Callable[[Loaded, Process], Awaitable[None]]


def run_process(name: str, sections: Sequence[type[Section]], compose: Compose) -> NoReturn:
    """Run a process to its end, and exit: 0 after an orderly stop, 1 after a crash, 2 if settings are wrong.

    `compose` builds the adapters and adds the services; it gets the sections loaded. With `--check` nothing is built:
    `ok` is printed, or all that is wrong with the settings. LOG and PROCESS settings are loaded for every process.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=f"The {name} process of Fleetcast.")
    parser.add_argument("--check", action="store_true", help="check the settings, print all problems, and exit")
    check_only: bool = parser.parse_args().check
    try:
        loaded = load_sections(LogSettings, ProcessSettings, *sections)
    except SettingsError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
        sys.exit(EXIT_SETTINGS)
    if check_only:
        sys.stdout.write("ok\n")
        sys.exit(EXIT_OK)
    configure_logging(loaded[LogSettings], name)
    code = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_live(name, loaded, compose))
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: closing the loop and the interpreter waits for pool threads, and one that is blocked would keep the
    # process past its deadline. What must be closed has been.
    os._exit(code)


async def _live(name: str, loaded: Loaded, compose: Compose) -> int:
    settings = loaded[ProcessSettings]
    supervisor = Supervisor(total_seconds=settings.stop_seconds, service_seconds=settings.service_stop_seconds)
    supervisor.handle_signals()
    process = Process(name, supervisor, FailPoints(settings.fail_at))
    running = process.health.require("process")
    log.info("starting", pid=os.getpid())
    code = EXIT_CRASH
    try:
        if await _composed(process, loaded, compose, supervisor):
            running.up()
            code = await supervisor.run(before_stop=lambda: running.down("stopping"))
        else:
            code = EXIT_OK
    except Exception:
        log.exception("crashed")
    await _close(process.resources)
    log.info("stopped", exit_code=code)
    return code


async def _composed(process: Process, loaded: Loaded, compose: Compose, supervisor: Supervisor) -> bool:
    """Build the process, unless told to stop meanwhile (False), for building may wait for servers that are down."""
    building = asyncio.ensure_future(compose(loaded, process))
    asked = asyncio.create_task(supervisor.stop_requested())
    await asyncio.wait({building, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if building.done():
        await building
        return True
    building.cancel()
    await asyncio.wait({building}, timeout=CLOSE_SECONDS)
    return False


async def _close(resources: AsyncExitStack) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await resources.aclose()
    except TimeoutError:
        log.error("resources were not closed in time")  # noqa: TRY400 the traceback would be our own
    except Exception:
        log.exception("a resource failed to close")
