"""A replay through a stand-in of the API: what is sent, sent again, and told."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devstack.replay.command import main
from tests.devstack.standin_ingest import StandinIngest, accept, refuse

DATA = Path(__file__).parents[1] / "data"


async def replay(ingest: StandinIngest, *arguments: str, file: Path = DATA / "buses.csv") -> int:
    """Runs the command in a thread of its own, as it has its own event loop."""
    async with ingest.serving():
        address = ["--url", ingest.url, "--credential", "secret"]
        return await asyncio.to_thread(main, [str(file), *address, *arguments])


async def test_all_readable_fixes_are_sent_in_the_order_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    ingest = StandinIngest()
    assert await replay(ingest, "--prefix", "bus-") == 0
    assert [ping["asset"] for ping in ingest.pings] == [f"bus-{n}" for n in (4716, 4716, 4717, 4717, 4716, 4717)]
    assert ingest.authorizations == {"Bearer secret"}
    out = capsys.readouterr().out
    assert "asset = vehicle_id, time = timestamp, lat = latitude, lon = longitude, heading = bearing" in out
    assert "accepted  6" in out
    assert "unreadable rows  3\n  line 7: time 'not a time'" in out


async def test_heading_is_sent_only_where_the_recording_has_one() -> None:
    ingest = StandinIngest()
    await replay(ingest)
    assert [ping.get("heading") for ping in ingest.pings] == [None, 53, 180, 180, 51, 184]


async def test_times_end_now_and_keep_their_distances() -> None:
    ingest = StandinIngest()
    await replay(ingest)
    times = [datetime.fromisoformat(ping["time"]) for ping in ingest.pings]
    assert datetime.now(UTC) - max(times) < timedelta(seconds=10)
    assert times[1] - times[0] == timedelta(seconds=22)
    assert times[4] - times[0] == timedelta(seconds=18)


async def test_times_stay_as_they_are_on_request() -> None:
    ingest = StandinIngest()
    await replay(ingest, "--no-shift")
    assert ingest.pings[0]["time"] == "2026-01-26T15:57:02Z"


async def test_sped_up_replay_takes_its_share_of_the_recorded_time_and_ends_now() -> None:
    ingest = StandinIngest()
    started = datetime.now(UTC)
    assert await replay(ingest, "--speed-up", "60") == 0
    assert datetime.now(UTC) - started >= timedelta(seconds=2)
    assert len(ingest.bodies) > 1
    assert abs(datetime.now(UTC) - datetime.fromisoformat(ingest.pings[-1]["time"])) < timedelta(seconds=10)


@pytest.mark.parametrize("status", [429, 503])
async def test_batch_that_the_api_had_no_room_for_is_sent_again_unchanged(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest = StandinIngest(answers=[(status, {"Retry-After": "0"}), (status, {})])
    assert await replay(ingest, "--batch", "4") == 0
    assert [len(body) for body in ingest.bodies] == [4, 4, 4, 2]
    assert ingest.bodies[0] == ingest.bodies[1] == ingest.bodies[2]
    assert len(ingest.pings) == 6
    assert f"sent again  2 after {status}" in capsys.readouterr().out


async def test_summary_counts_flags_and_refusals_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    def judge(ping: dict[str, Any]) -> dict[str, Any]:
        if ping.get("heading") == 180:
            return refuse("out-of-range", "Out of range")
        return accept(ping) | {"flags": ["late"]}

    assert await replay(StandinIngest(judge=judge)) == 0
    out = capsys.readouterr().out
    assert "sent      6" in out
    assert "accepted  4\n  flagged late: 4\nrefused   2\n  out-of-range: 2" in out


async def test_refusal_of_everything_ends_the_replay_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    ingest = StandinIngest(answers=[(401, {})] * 3)
    assert await replay(ingest) == 1
    assert "error: 401 not now" in capsys.readouterr().err
    assert len(ingest.bodies) == 1


async def test_no_row_that_can_be_read_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("asset,time,lat,lon\na,2026-01-01T00:00:00Z,north,0\n")
    ingest = StandinIngest()
    assert await replay(ingest, file=file) == 1
    assert ingest.bodies == []


def test_address_and_credential_come_from_the_stack_file(tmp_path: Path) -> None:
    async def run() -> StandinIngest:
        ingest = StandinIngest()
        async with ingest.serving():
            stack = tmp_path / "stack.json"
            address = {"ingest_url": ingest.url, "gateway_url": "ws://x", "fleet": "demo", "viewer_jwt": "j"}
            address |= {"control_url": "http://x", "viewer": "v"}
            stack.write_text(json.dumps(address | {"backend_credential": "from-file", "more": 1}))
            arguments = [str(DATA / "ships.csv"), "--stack", str(stack)]
            assert await asyncio.to_thread(main, arguments) == 0
        return ingest

    ingest = asyncio.run(run())
    assert ingest.authorizations == {"Bearer from-file"}
    assert len(ingest.pings) == 4


def test_missing_stack_is_an_error_that_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(DATA / "ships.csv"), "--stack", str(tmp_path / "stack.json")]) == 1
    assert "the stack is not running" in capsys.readouterr().err
