"""The infrastructure that tests share ends with whoever asked for it, however that one ends."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devstack.infra import Infra
from tests.devstack.programs import wait_until

pytestmark = pytest.mark.stack


def test_infrastructure_ends_and_cleans_up_when_its_owner_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "infra"
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as owner:
        argv = [sys.executable, "-m", "devstack", "infra", "--directory", str(directory), "--owner", str(owner.pid)]
        with subprocess.Popen(argv) as server:
            wait_until(lambda: Infra.read(directory) is not None, within=60.0)
            infra = Infra.read(directory)
            assert infra is not None
            owner.kill()
            owner.wait()
            assert server.wait(30) == 0
    assert not any(psutil.pid_exists(pid) for pid in infra.pids.values())
    assert not directory.exists()


def test_parts_die_when_whoever_runs_them_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as owner:
        argv = [sys.executable, "-m", "devstack", "infra", "--directory", str(tmp_path), "--owner", str(owner.pid)]
        with subprocess.Popen(argv) as server:
            wait_until(lambda: Infra.read(tmp_path) is not None, within=60.0)
            infra = Infra.read(tmp_path)
            assert infra is not None
            server.kill()
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in infra.pids.values()))
        owner.kill()
