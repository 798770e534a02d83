"""`python -m devstack replay FILE`: sends a recorded CSV through the public API and says what became of it."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp

from devstack.public_api import ApiRefusedError, ApiUnreachableError, PublicApi
from devstack.replay.columns import ColumnsError
from devstack.replay.recording import Fix, Reading, Recording, RecordingError, Unreadable
from devstack.replay.schedule import batches, by_time, duration, shift
from devstack.replay.summary import Progress, Summary
from devstack.replay.times import TimeFormatError
from devstack.stack_reader import StackFileError, read_stack_file

_COLUMNS = ("asset", "time", "lat", "lon", "heading", "speed")


def main(argv: Sequence[str]) -> int:
    """0: all readable rows were sent and answered. 1: they were not, or none was accepted. 2: wrong arguments."""
    arguments = _parse(argv)
    try:
        recording = Recording(arguments.file, _reading(arguments))
        print(f"{arguments.file.name}: {recording.columns}; times: {recording.time_form}", flush=True)
        rows = list(recording.rows())
        summary = Summary(unreadable=[row for row in rows if isinstance(row, Unreadable)])
        fixes = [row for row in rows if isinstance(row, Fix)]
        if fixes:
            asyncio.run(_replay(_prepared(fixes, arguments), summary, arguments))
    except (RecordingError, ColumnsError, TimeFormatError, StackFileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    print("\n".join(summary.lines()))
    return 0 if summary.accepted and summary.sent == len(fixes) else 1


def _prepared(fixes: list[Fix], arguments: argparse.Namespace) -> list[Fix]:
    order = arguments.order or ("file" if arguments.speed_up is None else "time")
    ordered = by_time(fixes) if order == "time" else fixes
    if not arguments.shift:
        return ordered
    takes = 0.0 if arguments.speed_up is None else duration(fixes) / arguments.speed_up
    return shift(ordered, datetime.now(UTC) + timedelta(seconds=takes))


async def _replay(fixes: list[Fix], summary: Summary, arguments: argparse.Namespace) -> None:
    """Sends one batch after the other: two at once could overtake each other, and an asset's order would be lost."""
    url, credential, fleet = _address(arguments)
    progress = Progress(len(fixes))
    started = time.monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        api = PublicApi(session, url, credential, fleet)
        try:
            for batch in batches(fixes, arguments.batch, arguments.speed_up):
                await asyncio.sleep(max(0.0, started + batch.due - time.monotonic()))
                summary.add(await api.post_pings([_ping(fix) for fix in batch.fixes]))
                progress.show(summary.sent)
        except (ApiRefusedError, ApiUnreachableError) as error:
            print(f"error: {error}", file=sys.stderr)
        summary.seconds = time.monotonic() - started
        summary.retries = api.endurance.retries
        progress.show(summary.sent, last=True)


def _ping(fix: Fix) -> dict[str, Any]:
    """Without an id, as most devices send it: the same ping sent twice gets the same id from the API."""
    ping: dict[str, Any] = {
        "asset": fix.asset,
        "time": fix.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "lat": fix.lat,
        "lon": fix.lon,
    }
    if fix.heading is not None:
        ping["heading"] = fix.heading
    if fix.speed is not None:
        ping["speed"] = fix.speed
    return ping


def _address(arguments: argparse.Namespace) -> tuple[str, str, str | None]:
    if arguments.url and arguments.credential:
        return arguments.url, arguments.credential, arguments.fleet
    stack = read_stack_file(arguments.stack)
    return (
        arguments.url or stack.ingest_url,
        arguments.credential or stack.backend_credential,
        arguments.fleet or stack.fleet,
    )


def _reading(arguments: argparse.Namespace) -> Reading:
    return Reading(
        columns={name: getattr(arguments, name) for name in _COLUMNS},
        delimiter=arguments.delimiter,
        time_format=arguments.time_format,
        zone=arguments.timezone,
        prefix=arguments.prefix,
    )


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack replay", description=__doc__)
    parser.add_argument("file", type=Path, help="a CSV with a header")
    for name in _COLUMNS:
        parser.add_argument(f"--{name}", metavar="COLUMN", help=f"the column of the {name}; else guessed by its name")
    parser.add_argument("--time-format", metavar="F", help="as strptime has it; else guessed from the first row")
    parser.add_argument("--timezone", type=_zone, default=UTC, metavar="ZONE", help="of times that name none (UTC)")
    parser.add_argument("--delimiter", type=_delimiter, help="between columns; else guessed from the header")
    parser.add_argument("--prefix", default="", help="put before each asset's id, such as bus-")
    parser.add_argument("--order", choices=("file", "time"), help="file; by time when sped up")
    parser.add_argument("--batch", type=_positive, default=500, help="most pings in one request (500)")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--speed-up", type=_factor, metavar="N", help="send N times as fast as it was recorded")
    speed.add_argument("--as-fast-as-possible", action="store_true", help="as fast as the API takes it; the default")

    parser.add_argument(
        "--shift-to-now", dest="shift", action="store_true", default=True, help="the last fix is now (default)"
    )
    parser.add_argument("--no-shift", dest="shift", action="store_false", help="keep the recorded times")
    parser.add_argument("--stack", type=Path, default=Path("var/stack.json"), help="where to find the running stack")
    parser.add_argument("--url", help="of the ingest API; else the stack's")
    parser.add_argument("--credential", help="a back end's; else the stack's")
    parser.add_argument("--fleet", help="for a credential of a whole tenant; else the stack's")
    return parser.parse_args(argv)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(f"no such time zone: {name}") from None


def _delimiter(text: str) -> str:
    delimiter = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(delimiter) != 1:
        raise argparse.ArgumentTypeError("one character, or tab")
    return delimiter


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _factor(text: str) -> float:
    factor = float(text)
    if not 0 < factor < float("inf"):
        raise argparse.ArgumentTypeError("a number above 0")
    return factor
