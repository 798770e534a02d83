"""`python -m benchmarks bench`: the road of a ping at full load, with everything on this machine."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.speed.measure import measure
from benchmarks.speed.open_loop import LoadPlan
from benchmarks.speed.report import Report
from benchmarks.stand import own_stack
from benchmarks.terminal import Ticker, say

CONNECTIONS = 50
WARM_UP = 5  # seconds


def main(argv: Sequence[str]) -> int:
    """0: no error, no loss, and in time. 1: it was not. 2: wrong arguments."""
    arguments = _parse(argv)
    report = bench(arguments.rate, arguments.seconds, arguments.assets, arguments.batch, arguments.warm_up)
    print("\n".join(["", *report.lines()]))
    if arguments.out is not None:
        arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return 0 if report.passed else 1


def bench(rate: float, seconds: float, assets: int, batch: int, warm_up: float = WARM_UP) -> Report:
    """One run on a stack of its own."""
    with own_stack(say) as demo, Ticker() as ticker:
        place = demo.describe()
        plan = LoadPlan(
            url=place.ingest_url,
            credential=place.backend_credential,
            fleet=place.fleet,
            rate=rate,
            warm_up=warm_up,
            seconds=seconds,
            assets=assets,
            connections=CONNECTIONS,
            batch=batch,
        )
        return measure(demo, plan, ticker.show)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks bench", description=__doc__)
    parser.add_argument("--rate", type=_positive, default=1_000, help="pings per second (1000)")
    parser.add_argument("--seconds", type=_positive, default=60, help="how long (60)")
    parser.add_argument("--warm-up", type=_positive, default=WARM_UP, help=f"seconds before that ({WARM_UP})")
    parser.add_argument("--assets", type=_positive, default=1_000, help="how many assets take turns (1000)")
    parser.add_argument("--batch", type=_positive, default=1, help="pings in one request (1)")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    arguments = parser.parse_args(argv)
    if arguments.assets % (arguments.batch * CONNECTIONS):
        print(f"--assets must be a multiple of {CONNECTIONS} connections times --batch", file=sys.stderr)
        sys.exit(2)
    return arguments


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
