"""Recordings with every kind of fault go down the whole road, watched by npm `centrifuge` and by `centrifuge-python`.

`make prove` does the same with long real recordings. What is news is told by a model that shares no code with us.
"""

import asyncio
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from benchmarks.replays.holds import count_faults, position_faults, watcher_faults
from benchmarks.replays.replay import Replayed, recorded, replay
from devstack.demo import Demo
from tests.road.fleet import make_keys

DATA = Path(__file__).resolve().parents[1] / "data"
BUSES, SHIPS = "bus_faults.csv", "ship_faults.csv"
FAULTS_OF = {
    BUSES: {"duplicate": 3, "impossible_jump": 3, "out_of_order": 1, "same_time": 1, "no_fix": 1},
    SHIPS: {"duplicate": 2, "impossible_jump": 2, "out_of_order": 1, "same_time": 2, "too_old": 1},
}
REFUSED_OF = {BUSES: {"out-of-range": 2}, SHIPS: {"time-too-old": 1}}


@pytest.fixture(scope="module", params=[BUSES, SHIPS])
def replayed(demo: Demo, request: pytest.FixtureRequest) -> tuple[str, Replayed]:
    name = str(request.param)
    fleet = f"replay-{Path(name).stem.replace('_', '-')}"
    keys = asyncio.run(make_keys(demo, fleet))
    stack = msgspec.structs.replace(
        demo.describe(), fleet=fleet, backend_credential=keys.backend, viewer_jwt=keys.viewer
    )
    return name, asyncio.run(replay(stack, recorded(DATA / name)))


def test_the_recording_has_all_the_faults_that_are_to_be_proved(replayed: tuple[str, Replayed]) -> None:
    name, outcome = replayed
    held = Counter(each.held_by for each in outcome.judged if each.held_by)
    assert (held, outcome.refused) == (FAULTS_OF[name], REFUSED_OF[name])


def test_every_accepted_fix_is_a_position_with_its_flags(replayed: tuple[str, Replayed]) -> None:
    assert position_faults(replayed[1]) == []


def test_all_news_reaches_both_official_clients_once_and_in_offset_order(replayed: tuple[str, Replayed]) -> None:
    assert len(replayed[1].watchers) == 2
    assert watcher_faults(replayed[1]) == []


def test_received_is_accepted_plus_refused_and_accepted_is_live_plus_held_back(
    replayed: tuple[str, Replayed],
) -> None:
    assert count_faults(replayed[1]) == []
