"""`python -m devstack.fleet`: a fleet of made-up vehicles posts to the running stack until it is told to stop."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from devstack.fleet.region import SEED, build_region
from devstack.fleet.reporter import Reporter, Watch, happenings, rfc3339
from devstack.fleet.simulation import Simulation
from devstack.public_api import ApiRefusedError, ApiUnreachableError, PublicApi
from devstack.stack_reader import StackFileError, read_stack_file

_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_TICK = 1.0
_WATCHED = frozenset({"van-01", "truck-01", "bike-01"})
"""What the map's viewer is notified of: enough for the bell to move, and not so much that nobody would read it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devstack.fleet", description=__doc__)
    parser.add_argument("--stack", type=Path, default=Path("var/stack.json"))
    parser.add_argument("--seed", type=int, default=SEED, help="another number is another fleet on other streets")
    arguments = parser.parse_args()
    try:
        asyncio.run(_until_stopped(_drive(arguments.stack, arguments.seed)))
    except (StackFileError, ApiRefusedError, ApiUnreachableError) as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_stopped(work: Awaitable[None]) -> None:
    """Runs the work until it ends, or until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _drive(stack_file: Path, seed: int) -> None:
    stack = read_stack_file(stack_file)
    run = _run_name()
    simulation = Simulation(build_region(seed), run, seed)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        api = PublicApi(session, stack.ingest_url, stack.backend_credential, stack.fleet)
        reporter = Reporter(api, run, Watch(stack.viewer, _WATCHED))
        await reporter.register(simulation.couriers)
        await reporter.tell(happenings(simulation.introduce(), datetime.now(UTC)))
        async with asyncio.TaskGroup() as group:
            group.create_task(reporter.run())
            group.create_task(_tick(simulation, reporter))


async def _tick(simulation: Simulation, reporter: Reporter) -> None:
    started = last = time.monotonic()
    while True:
        now, moment = time.monotonic(), datetime.now(UTC)
        # A machine that slept must not make its vehicles leap: the lost time is not driven.
        events, pings = simulation.advance(now - started, min(now - last, 2 * _TICK), rfc3339(moment))
        await reporter.put(happenings(events, moment), pings)
        last = now
        await asyncio.sleep(_TICK - (time.monotonic() - started) % _TICK)


def _run_name() -> str:
    """Short and another one at every start, so that orders and pings of an earlier run are not taken up again."""
    seconds, name = int(time.time()) % len(_DIGITS) ** 5, ""
    for _ in range(5):
        seconds, digit = divmod(seconds, len(_DIGITS))
        name = _DIGITS[digit] + name
    return name


if __name__ == "__main__":
    sys.exit(main())
