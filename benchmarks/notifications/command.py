"""`python -m benchmarks notifications`: the dispatcher from event to sender, and a million followers."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.notifications.figures import NotificationsReport
from benchmarks.notifications.measure import Measure
from benchmarks.notifications.stand import notification_stand
from benchmarks.notifications.work import EVEN, FOLLOWERS, HISTORY, NAMES, SATURATION
from benchmarks.terminal import say

MOST_SECONDS = 120
MOST_PROCESSES = 16


def main(argv: Sequence[str]) -> int:
    """0: the targets are met. 1: they are not. 2: wrong arguments."""
    arguments = _parse(argv)
    names = arguments.lines or NAMES
    with notification_stand(say) as stand:
        measure = Measure(stand, arguments.seconds)
        report = NotificationsReport(pinned=stand.cores.measured is not None)
        if {HISTORY, FOLLOWERS} & set(names):
            stand.fill(say, followers=FOLLOWERS in names)
        if SATURATION in names:
            report.saturation = measure.saturation()
        if EVEN in names:
            report.even = measure.even()
        if HISTORY in names:
            report.history = measure.history(arguments.processes)
        if FOLLOWERS in names:
            report.followers = measure.followers()
    print("\n".join(["", *report.lines()]))
    if arguments.out is not None:
        arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return 0 if report.passed else 1


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks notifications", description=__doc__)
    parser.add_argument("lines", nargs="*", choices=[[], *NAMES], metavar="LINE", help=f"of {', '.join(NAMES)} (all)")
    parser.add_argument("--seconds", type=float, default=10, help="of load on each line, about (10)")
    parser.add_argument("--processes", type=int, default=2, help="dispatchers in the line with history (2)")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    arguments = parser.parse_args(argv)
    if not (0 < arguments.seconds <= MOST_SECONDS and 1 <= arguments.processes <= MOST_PROCESSES):
        parser.error(f"--seconds up to {MOST_SECONDS}, --processes up to {MOST_PROCESSES}")
    return arguments
