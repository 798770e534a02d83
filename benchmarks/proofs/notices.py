"""Every part of a notification's road killed between any two of its steps, and its stores emptied and restarted."""

import asyncio

import msgspec

from benchmarks.notices.faults import NOTICE_FAULTS
from benchmarks.notices.load import BURST, BURST_TYPE
from benchmarks.notices.proving import NoticePace, Proving
from benchmarks.stand import own_stack
from devstack.demo import Demo

PACE = NoticePace(rate=6, steady=2.0, within=120.0)

SETTINGS = {
    # All goes to one phone of each: the bound that protects a phone would put off most of it.
    "FLEETCAST_SENDERS_INSTALLATION_RATE": "100",
    "FLEETCAST_SENDERS_INSTALLATION_BURST": "1000",
    # Three followers are two chunks.
    "FLEETCAST_ADDRESS_CHUNK_FOLLOWERS": "2",
    "FLEETCAST_NOTIFICATIONS_TYPES": msgspec.json.encode({BURST: BURST_TYPE}).decode(),
}


def prove() -> bool:
    """Prints a line for each fault; whether all held."""
    with own_stack(lambda line: print(f"  {line}", flush=True), SETTINGS) as demo:
        return asyncio.run(_all(demo))


async def _all(demo: Demo) -> bool:
    passed = True
    async with Proving.on(demo, PACE) as proving:
        for fault in NOTICE_FAULTS:
            outcome = await proving.endure(fault)
            print(outcome.line(), flush=True)
            for line in outcome.faults:
                print(f"       {line}", flush=True)
            passed = passed and not outcome.faults
    return passed
