"""`up`, `down` and `status`: a stack in the background."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from devstack.pid_file import kill_leftovers, runs
from devstack.protocol_suite import PORT as PROTOCOL_SUITE_PORT
from devstack.stack_file import StackFile, remove_stack_file
from devstack.stack_lock import StackLock
from devstack.supervisor import tell

PROJECT = Path(__file__).resolve().parents[1]
POLL_EVERY = 0.1  # seconds
READY_WITHIN = 600.0  # the first time all of Kafka is downloaded, perhaps over a slow line
END_WITHIN = 60.0
NOT_RUNNING = 3  # exit code of `status`, as of service managers


def up(directory: Path, *, brokers: int, suite: bool = False, say: Callable[[str], None]) -> int:
    """Start a stack in the background and return when all is ready: 0, or 1 if it cannot be, and why."""
    lock = StackLock(directory)
    if lock.held():
        return _join(directory, lock, brokers, suite=suite, say=say)
    log = directory / "log" / "devstack.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "devstack", "supervise", "--directory", str(directory), "--brokers", str(brokers)]
    argv += ["--protocol-suite"] if suite else []
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            argv, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        return _follow(directory, supervisor, log, say)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait(END_WITHIN)
        return 130


def down(directory: Path, *, say: Callable[[str], None]) -> int:
    """End the stack of this directory, whoever started it; 0 when nothing runs any more."""
    lock = StackLock(directory)
    supervisor = lock.holder()
    if lock.held() and supervisor is not None:
        say(f"ending the local stack (process {supervisor}) ...")
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGTERM)
        if not _wait_until(lambda: not runs(supervisor), END_WITHIN):
            say("it does not end: killing it")
            with contextlib.suppress(ProcessLookupError):
                os.kill(supervisor, signal.SIGKILL)
            _wait_until(lambda: not runs(supervisor), END_WITHIN)
    for name in kill_leftovers(directory / "pids"):
        say(f"ended {name}, left behind by a crash")
    remove_stack_file(directory)
    say("the local stack is down")
    return 0


def status(directory: Path, *, say: Callable[[str], None]) -> int:
    """Say what runs: 0 if all does, 3 if nothing does, 1 if it is still starting."""
    lock = StackLock(directory)
    if not lock.held():
        say("the local stack is not running")
        return NOT_RUNNING
    file = StackFile.read(directory)
    if file is None:
        say(f"the local stack is starting or ending (process {lock.holder()})")
        return 1
    for name, pid in file.pids.items():
        memory = ""
        with contextlib.suppress(psutil.Error):
            memory = f"{psutil.Process(pid).memory_info().rss / 2**20:6.0f} MB"
        say(f"  {name:<12}{pid:>8}  {memory or 'gone'}")
    tell(file, say)
    return 0


def _join(directory: Path, lock: StackLock, brokers: int, *, suite: bool, say: Callable[[str], None]) -> int:
    """Somebody has started it already: wait until it is ready."""
    _wait_until(lambda: StackFile.read(directory) is not None or not lock.held(), READY_WITHIN)
    file = StackFile.read(directory)
    if file is None:
        say("the local stack ended while it was starting")
        return 1
    if file.brokers != brokers:
        say(f"error: the local stack is already running, with {file.brokers} Kafka nodes; end it with `make down`")
        return 1
    if suite != (f":{PROTOCOL_SUITE_PORT}/" in file.gateway_url):
        say("error: the local stack is already running, with other settings; end it with `make down`")
        return 1
    say(f"the local stack is already running (process {lock.holder()})")
    tell(file, say)
    return 0


def _follow(directory: Path, supervisor: subprocess.Popen[bytes], log: Path, say: Callable[[str], None]) -> int:
    """Repeat what the supervisor says until it is ready or gone."""
    deadline = time.monotonic() + READY_WITHIN
    with log.open() as lines:
        while time.monotonic() < deadline:
            file = StackFile.read(directory)
            ready = file is not None and file.pids.get("supervisor") == supervisor.pid
            ended = supervisor.poll() is not None
            for line in lines:
                say(line.rstrip("\n"))
            if ended:
                return 1
            if ready and file is not None:
                tell(file, say)
                return _let_go(supervisor)
            time.sleep(POLL_EVERY)
    say(f"error: not ready within {READY_WITHIN:.0f} s")
    supervisor.terminate()
    supervisor.wait(END_WITHIN)
    return 1


def _let_go(supervisor: subprocess.Popen[bytes]) -> int:
    """It lives on without us; without this line, Python would warn that we leave it behind."""
    supervisor.returncode = 0
    return 0


def _wait_until(true: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_EVERY)
    return True
