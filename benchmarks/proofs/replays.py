"""Recorded tracks, faults and all, sent down the whole road: every fix is accounted for, every news seen once."""

import asyncio
import os
from collections import Counter
from pathlib import Path

from benchmarks.replays.holds import count_faults, position_faults, watcher_faults
from benchmarks.replays.replay import Replayed, recorded, replay
from benchmarks.stand import own_stack
from devstack.stack_file import StackFile

PROJECT = Path(__file__).resolve().parents[2]
DIRECTORY = "FLEETCAST_RECORDINGS"
"""The environment variable that says where the recordings are."""
DEFAULT_DIRECTORY = PROJECT.parent / "shared" / "data"
RECORDINGS = ("liverpool_bus_route14.csv", "suez_ships_2021.csv")
MOST_TOLD = 10
HOLDS = {
    "every accepted fix is a position, with its flags": position_faults,
    "all news reached both official clients once, in offset order": watcher_faults,
    "received = accepted + refused, accepted = live + held back": count_faults,
}


def prove() -> bool:
    """Prints what became of each recording; whether all held."""
    directory = Path(os.environ.get(DIRECTORY, DEFAULT_DIRECTORY))
    paths = [directory / name for name in RECORDINGS if (directory / name).exists()]
    for name in RECORDINGS:
        if directory / name not in paths:
            print(f"  left out: {directory / name} is not there; {DIRECTORY} says where recordings are")
    if not paths:
        return True
    with own_stack(lambda line: print(f"  {line}", flush=True)) as demo:
        outcomes = [_prove(demo.describe(), path) for path in paths]  # all of them, also after one that failed
        return all(outcomes)


def _prove(stack: StackFile, path: Path) -> bool:
    replayed = asyncio.run(replay(stack, recorded(path)))
    print(f"{path.name}: {_account(replayed)}", flush=True)
    passed = True
    for what, check in HOLDS.items():
        faults = check(replayed)
        passed = passed and not faults
        print(f"  {'FAILED' if faults else 'ok    '} {what}")
        for fault in faults[:MOST_TOLD]:
            print(f"         {fault}")
    return passed


def _account(replayed: Replayed) -> str:
    held = Counter(each.held_by for each in replayed.judged if each.held_by)
    refused = "".join(f", {count} refused: {reason}" for reason, count in replayed.refused.items())
    held_back = "".join(f", {count} held back: {flag}" for flag, count in sorted(held.items()))
    return f"{replayed.sent} sent, {len(replayed.judged)} accepted{refused}, {len(replayed.news)} news{held_back}"
