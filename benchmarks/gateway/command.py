"""`python -m benchmarks gateway`: the gateway alone, pinned to one core, with real records and many sockets."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.gateway.figures import GatewayReport
from benchmarks.gateway.measure import Measure
from benchmarks.gateway.stand import gateway_stand
from benchmarks.gateway.work import LOAD_LINES, NAMES, OPEN_LINE, OPEN_SOCKETS, SLOW_LINE
from benchmarks.terminal import Ticker, say

MOST_SECONDS = 120


def main(argv: Sequence[str]) -> int:
    """0: the targets are met. 1: they are not. 2: wrong arguments."""
    arguments = _parse(argv)
    settings = dict(each.split("=", 1) for each in arguments.set)
    with gateway_stand(say, settings) as stand, Ticker(every=1) as ticker:
        measure = Measure(stand, arguments.channels, arguments.seconds, ticker.show)
        measure.warm_up()
        report = GatewayReport(pinned=stand.cores.measured is not None)
        _measure_lines(measure, arguments.lines or NAMES, arguments.sockets, report)
    print("\n".join(["", *report.lines()]))
    if arguments.out is not None:
        arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return 0 if report.passed else 1


def _measure_lines(measure: Measure, names: Sequence[str], sockets: int, report: GatewayReport) -> None:
    if OPEN_LINE in names:
        report.opening, report.opening_again = measure.opening(sockets)
    report.loads = [measure.load(line) for line in LOAD_LINES if line.name in names]
    if SLOW_LINE in names:
        report.slow = measure.slow()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks gateway", description=__doc__)
    parser.add_argument("lines", nargs="*", choices=[[], *NAMES], metavar="LINE", help=f"of {', '.join(NAMES)} (all)")
    parser.add_argument("--seconds", type=float, default=20, help="of load on each line (20)")
    parser.add_argument("--sockets", type=int, default=OPEN_SOCKETS, help=f"to open at once ({OPEN_SOCKETS})")
    parser.add_argument("--channels", type=int, default=12, help="over which sockets and records spread (12)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the gateway")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    arguments = parser.parse_args(argv)
    if not (0 < arguments.seconds <= MOST_SECONDS and 1 <= arguments.channels <= 100):
        parser.error(f"--seconds up to {MOST_SECONDS}, --channels up to 100")
    if not 1 <= arguments.sockets <= OPEN_SOCKETS:
        parser.error(f"--sockets up to {OPEN_SOCKETS}")
    if not all("=" in each for each in arguments.set):
        parser.error("--set NAME=VALUE")
    return arguments
