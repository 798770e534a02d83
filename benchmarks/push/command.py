"""`python -m benchmarks push`: sends a second and CPU time a send of each provider, beside the bare HTTP client."""

import argparse
import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import uvloop

from benchmarks.push.bare import One, bare_apns, bare_encrypting, bare_fcm, bare_signing, bare_sns, bare_webpush
from benchmarks.push.ours import ours
from benchmarks.push.pushes import pushes
from benchmarks.push.stand import fakes
from domain.push_request import PushRequest
from runtime.collector import calm_collector

AT_ONCE = 50
MOST_RATIO = 1.5
WARM_SECONDS = 0.5
Opening = Callable[[Mapping[str, str], Sequence[PushRequest], AsyncExitStack], Awaitable[One]]
Loop = Callable[[float], Awaitable[int]]
"""Sends for so many seconds; how many were answered."""

LINES: tuple[tuple[str, str, Opening], ...] = (
    ("fcm", "aiohttp", bare_fcm),
    ("apns", "aioapns", bare_apns),
    ("sns", "aiohttp and signature", bare_signing),
    ("sns", "aiohttp, sending nothing new", bare_sns),
    ("webpush", "aiohttp and encryption", bare_encrypting),
    ("webpush", "aiohttp, sending nothing new", bare_webpush),
)


@dataclass
class Side:
    """The best that one side did in a round: whatever else the machine does only takes away from it."""

    rate: float = 0.0
    """Sends a second."""
    each: float = math.inf
    """CPU time of a send in this process, microseconds."""

    def add(self, sends: int, wall: float, cpu: float) -> None:
        """One more round, in seconds."""
        self.rate = max(self.rate, sends / wall)
        self.each = min(self.each, cpu / sends * 1e6)


def main(argv: Sequence[str]) -> int:
    """Returns 1 when a ratio is over what is promised."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks push", description=__doc__)
    parser.add_argument("providers", nargs="*", help="fcm, apns, sns, webpush (all)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a round (0.5)")
    parser.add_argument("--rounds", type=int, default=12, help="of each side, taken in turn (12)")
    given = parser.parse_args(argv)
    with fakes() as environ:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        with runner:
            return runner.run(_all(environ, given.providers, given.seconds, given.rounds))


async def _all(environ: Mapping[str, str], wanted: Sequence[str], seconds: float, rounds: int) -> int:
    print(f"{'':<10}{'limit':<30}{'sends/s':>18}{'CPU a send, us':>18}{'ratio':>8}{'CPU':>7}")
    missed = 0
    for provider, limit, opening in LINES:
        if wanted and provider not in wanted:
            continue
        async with AsyncExitStack() as resources:
            sent = pushes(provider, environ["ANSWERS"])
            mine = await ours(provider, environ, sent, AT_ONCE, resources)
            one = await opening(environ, sent, resources)
            calm_collector()  # as the process of senders does; for both sides
            us, bare = await _in_turn(_sliced(mine.slice), _looped(one), seconds, rounds)
        ratio, cpu = bare.rate / us.rate, us.each / bare.each
        missed += opening not in (bare_sns, bare_webpush) and max(ratio, cpu) > MOST_RATIO
        rates, costs = f"{us.rate:,.0f} of {bare.rate:,.0f}", f"{us.each:.0f} to {bare.each:.0f}"
        print(f"{provider:<10}{limit:<30}{rates:>18}{costs:>18}{ratio:>8.2f}{cpu:>7.2f}", flush=True)
    print(f"promised: under {MOST_RATIO}; missed: {missed}")
    return 1 if missed else 0


async def _in_turn(ours: Loop, bare: Loop, seconds: float, rounds: int) -> tuple[Side, Side]:
    """In turn, so that both have the same share of quiet moments."""
    sides = ((ours, Side()), (bare, Side()))
    for loop, _ in sides:
        await loop(WARM_SECONDS)
    for _ in range(rounds):
        for loop, side in sides:
            wall, cpu = time.perf_counter(), time.process_time()
            sends = await loop(seconds)
            side.add(sends, time.perf_counter() - wall, time.process_time() - cpu)
    return sides[0][1], sides[1][1]


def _sliced(slice_: Callable[[], Awaitable[int]]) -> Loop:
    async def loop(seconds: float) -> int:
        end, sent = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            sent += await slice_()
        return sent

    return loop


def _looped(one: One) -> Loop:
    async def loop(seconds: float) -> int:
        end, sent = time.perf_counter() + seconds, 0

        async def send() -> None:
            nonlocal sent
            while time.perf_counter() < end:
                await one()
                sent += 1

        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        return sent

    return loop
