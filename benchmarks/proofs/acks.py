"""1,000 notifications whose acknowledgements come around the deadline: none lost, none pushed in vain."""

import asyncio

from benchmarks.acks.race import AckRace
from benchmarks.stand import own_stack
from push_service.dispatcher.settings import DispatcherSettings

COUNT = 1_000
UNLIMITED = {"FLEETCAST_SENDERS_INSTALLATION_RATE": "10000", "FLEETCAST_SENDERS_INSTALLATION_BURST": "10000"}
"""All are for one user: the limit for each phone would put most pushes off for minutes."""


def prove() -> bool:
    """Prints how the race went; whether every notification was acknowledged or pushed, and none both without cause."""
    with own_stack(lambda line: print(f"  {line}", flush=True), UNLIMITED) as demo:
        tally = asyncio.run(AckRace(demo.describe(), "race", DispatcherSettings().ack_seconds).run(COUNT))
    for name, fault in sorted(tally.faults().items())[:20]:
        print(f"  FAILED {name}: {fault}: {tally.fates[name]}", flush=True)
    mark = "FAILED" if tally.faults() else "ok    "
    print(f"  {mark} {tally.summary()}", flush=True)
    return not tally.faults()
