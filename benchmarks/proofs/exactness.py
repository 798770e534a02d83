"""Clients that vanish and come back to any of three gateways see exactly the topic: 20 histories, a seed each."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TEST = "tests/gateway/test_exactness.py"
SEEDS = 20
MOST_SECONDS = 900


def prove() -> bool:
    """Runs the property test, which says what it checks; whether all seeds held."""
    environment = {**os.environ, "FLEETCAST_TEST_SEEDS": str(SEEDS)}
    argv = [sys.executable, "-m", "pytest", "-q", "--no-header", TEST]
    said = subprocess.run(
        argv, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, timeout=MOST_SECONDS, check=False
    )
    lines = said.stdout.rstrip().splitlines()
    print("\n".join(f"  {line}" for line in (lines[-1:] if said.returncode == 0 else lines)), flush=True)
    return said.returncode == 0
