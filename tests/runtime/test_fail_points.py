"""A process dies where a test has said, and nowhere else."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from runtime.fail_points import FailPoints
from runtime.process import ProcessSettings

SCRIPT = """
from runtime.fail_points import FailPoints
points = FailPoints("there")
points.reached("here"); print("here", flush=True)
points.reached("there"); print("there", flush=True)
"""


@pytest.mark.parametrize(
    ("armed", "dies_at"), [("", None), ("b", "b1"), ("a:2", "a2"), ("a:4", None), ("unknown", None)]
)
def test_it_dies_at_the_named_place_the_nth_time(armed: str, dies_at: str | None) -> None:
    died: list[str] = []
    now = ""
    points = FailPoints(armed, lambda: died.append(now))
    for now in ("a1", "b1", "a2", "b2", "a3"):
        points.reached(now[0])
    assert died == ([] if dies_at is None else [dies_at])


def test_it_dies_as_by_kill_9() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (-9, "here\n")


@pytest.mark.parametrize("armed", ["a:0", "a:x", "a b", ":2", "a:-1"])
def test_what_is_no_fail_point_is_a_settings_problem(armed: str) -> None:
    with pytest.raises(ValidationError):
        ProcessSettings(fail_at=armed)
