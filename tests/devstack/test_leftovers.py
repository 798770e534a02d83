"""What a crash left behind is ended at the next start, and nothing else is."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devstack.pid_file import PidFile, kill_leftovers
from devstack.ports import accepts_connections, free_port
from devstack.stack_lock import AlreadyRunningError, StackLock

SLEEP = [sys.executable, "-c", "import signal; signal.pause()"]


def test_process_that_a_pid_file_names_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as process:
        PidFile(tmp_path / "kafka.pid").write(process.pid)
        assert kill_leftovers(tmp_path) == ["kafka"]
        assert not psutil.pid_exists(process.pid)
    assert list(tmp_path.iterdir()) == []


def test_other_process_with_a_reused_pid_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as process:
        started = psutil.Process(process.pid).create_time() - 3600
        (tmp_path / "kafka.pid").write_text(json.dumps({"pid": process.pid, "started": started}))
        assert kill_leftovers(tmp_path) == []
        assert process.poll() is None
        process.kill()


def test_damaged_pid_file_is_removed(tmp_path: Path) -> None:
    (tmp_path / "kafka.pid").write_text("{")
    assert kill_leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_only_one_supervisor_has_a_directory(tmp_path: Path) -> None:
    with StackLock(tmp_path):
        assert StackLock(tmp_path).held()
        with pytest.raises(AlreadyRunningError, match="already running"), StackLock(tmp_path):
            pass
    assert not StackLock(tmp_path).held()


def test_free_port_is_free_and_never_given_twice_in_a_row() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == len(ports)
    assert not any(accepts_connections(port) for port in ports)
