"""`make run`, `make up` and `make down`: all of it starts, and whatever happens, nothing is left running."""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.pid_file import runs
from tests.devstack.programs import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

KEYS = {"ingest_url", "gateway_url", "map_url", "registry_url", "kafka_bootstrap", "redis_url", "postgres_url"}
KEYS |= {"fleet", "device", "backend_credential", "viewer", "viewer_jwt", "api_key", "admin_urls", "brokers", "pids"}
KEYS |= {"control_url"}
PROCESSES = {"ingest", "enrich", "route", "address", "recorder", "gateway", "control_api"}


def devstack(directory: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "devstack", command, "--directory", str(directory), *arguments]
    return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120)


def stack_json(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "stack.json").read_text())
    return content


def nothing_runs(pids: dict[str, int]) -> bool:
    return not any(runs(pid) for pid in pids.values())


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory of state that the tests below use one after another, as a person does."""
    directory = tmp_path_factory.mktemp("var")
    yield directory
    devstack(directory, "down")


@pytest.fixture
def running(var: Path) -> dict[str, Any]:
    """What `stack.json` says of a stack that was started with `up`, or already ran."""
    up = devstack(var, "up")
    assert up.returncode == 0, up.stdout + up.stderr
    return stack_json(var)


def test_up_returns_when_all_is_ready_and_tells_where_it_is(var: Path, running: dict[str, Any]) -> None:
    assert running.keys() >= KEYS
    assert running["pids"].keys() >= PROCESSES | {"kafka", "valkey", "postgres", "registry", "page", "supervisor"}
    assert "fleet" not in running["pids"]
    assert stat.S_IMODE((var / "stack.json").stat().st_mode) == 0o600
    assert running["gateway_url"].endswith("/connection/websocket")
    for name in PROCESSES:
        with urllib.request.urlopen(f"{running['admin_urls'][name]}/readyz", timeout=5) as answer:
            assert answer.status == 200
    with urllib.request.urlopen(running["map_url"], timeout=5) as answer:
        assert answer.status == 200


def test_second_up_says_that_it_runs_and_changes_nothing(var: Path, running: dict[str, Any]) -> None:
    again = devstack(var, "up")
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert stack_json(var) == running


def test_up_with_another_number_of_brokers_is_refused(var: Path, running: dict[str, Any]) -> None:
    assert devstack(var, "up", "--brokers", "3").returncode == 1
    assert stack_json(var) == running


def test_run_beside_a_running_stack_is_refused(var: Path, running: dict[str, Any]) -> None:
    second = devstack(var, "run")
    assert second.returncode == 1
    assert "already running" in second.stdout
    assert stack_json(var) == running


def test_status_names_every_process(var: Path, running: dict[str, Any]) -> None:
    status = devstack(var, "status")
    assert status.returncode == 0
    assert all(str(pid) in status.stdout for pid in running["pids"].values())


def test_death_of_a_part_ends_everything_and_is_told(var: Path, running: dict[str, Any]) -> None:
    os.kill(running["pids"]["route"], signal.SIGKILL)
    wait_until(lambda: nothing_runs(running["pids"]), within=60.0)
    assert not (var / "stack.json").exists()
    assert "route ended (killed by SIGKILL)" in (var / "log" / "devstack.log").read_text()


def test_nothing_outlives_a_supervisor_that_is_killed_and_the_next_start_keeps_the_state(
    var: Path, running: dict[str, Any]
) -> None:
    os.kill(running["pids"]["supervisor"], signal.SIGKILL)
    wait_until(lambda: nothing_runs(running["pids"]), within=20.0)
    up = devstack(var, "up")
    assert up.returncode == 0, up.stdout + up.stderr
    after = stack_json(var)
    for key in ("device", "backend_credential"):
        assert after[key] == running[key]


def test_down_leaves_nothing_running_and_may_be_repeated(var: Path, running: dict[str, Any]) -> None:
    assert devstack(var, "down").returncode == 0
    assert nothing_runs(running["pids"])
    assert not (var / "stack.json").exists()
    assert devstack(var, "down").returncode == 0
    assert devstack(var, "status").returncode == 3


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_everything_on_a_signal(var: Path, how: signal.Signals) -> None:
    """With the simulated fleet. The map's address is the last thing that it says before that."""
    argv = [sys.executable, "-m", "devstack", "run", "--directory", str(var)]
    said: list[str] = []
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            said.append(line)
            if line.split()[:1] == ["map"]:
                break
        running = stack_json(var)
        assert said[-1].split() == ["map", running["map_url"]]
        assert "fleet" in running["pids"]
        run.send_signal(how)
        rest = run.stdout.read()
        assert run.wait(60) == 0, rest
    assert nothing_runs(running["pids"])
    assert not (var / "stack.json").exists()


def test_signal_during_the_start_leaves_nothing_running(var: Path) -> None:
    argv = [sys.executable, "-m", "devstack", "run", "--directory", str(var)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        run.stdout.readline()  # the first part is ready, the others are on their way
        pids = [json.loads(path.read_text())["pid"] for path in (var / "pids").glob("*.pid")]
        run.terminate()
        run.stdout.read()
        assert run.wait(60) == 0
    assert not any(runs(pid) for pid in pids)
