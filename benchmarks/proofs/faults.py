"""Every part killed in turn, and Redis emptied, under load."""

import asyncio

from benchmarks.faults import FAULTS, Pace, Proving
from benchmarks.stand import own_stack
from devstack.demo import Demo

PACE = Pace(rate=200, assets=50, steady=3.0, outage=1.0, calm=2.0, heal_within=60.0)
MOST_TOLD = 10


def prove() -> bool:
    """Prints a line for each fault; whether all held."""
    with own_stack(lambda line: print(f"  {line}", flush=True)) as demo:
        return asyncio.run(_all(demo))


async def _all(demo: Demo) -> bool:
    passed = True
    async with Proving.on(demo, PACE) as proving:
        for fault in FAULTS:
            outcome = await proving.endure(fault)
            print(outcome.line(), flush=True)
            for line in outcome.faults[:MOST_TOLD]:
                print(f"       {line}", flush=True)
            passed = passed and outcome.passed
    return passed
