"""Commands of the stack's set-up: they end by themselves, and must succeed."""

import os
import subprocess
import time
from pathlib import Path

from devstack.child import TAIL_LINES, Command
from devstack.part import POLL_EVERY, StartInterruptedError
from devstack.site import Site


class CommandError(Exception):
    """Names the command, what became of it, and what it said last."""

    def __init__(self, command: Command, what: str, output: str) -> None:
        tail = "\n".join(output.splitlines()[-TAIL_LINES:])
        super().__init__(f"{' '.join(command.argv)} {what}. It said:\n{tail}")


def run_to_end(site: Site, command: Command, log: Path, within: float) -> None:
    """Run a command; what it says is added to the log.

    Raises:
        CommandError: it returned something else than 0, or did not end within so many seconds.
        StartInterruptedError: the stack is being ended; the command is ended too.
    """
    began = log.stat().st_size if log.exists() else 0
    process = site.spawner.spawn(command, log)
    deadline = time.monotonic() + within
    try:
        while process.poll() is None:
            if site.stopping.is_set():
                raise StartInterruptedError(command.argv[0])
            if time.monotonic() > deadline:
                raise CommandError(command, f"did not end within {within:.0f} s", _read_from(log, began))
            time.sleep(POLL_EVERY)
    finally:
        _end(process)
    if process.returncode != 0:
        raise CommandError(command, f"returned {process.returncode}", _read_from(log, began))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def _read_from(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


def output_of(command: Command, within: float) -> str:
    """Run a command for what it prints, which no log sees: it may be a secret.

    Raises:
        CommandError: as `run_to_end`; with what it said on its standard error only.
    """
    try:
        done = subprocess.run(
            command.argv,
            cwd=command.cwd,
            env={**os.environ, **command.env},
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(command, f"did not end within {within:.0f} s", "") from None
    if done.returncode != 0:
        raise CommandError(command, f"returned {done.returncode}", done.stderr)
    return done.stdout
