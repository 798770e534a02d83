"""One program of the stack as an operating system process."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from devstack import leash
from devstack.pid_file import PidFile

TAIL_LINES = 15
TAIL_BYTES = 16_384


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run: argv[0] is an absolute path.

    `death_signal` is what the kernel sends it when we are killed; `user` is whom to run it as, None for ourselves;
    `stop_within` is in seconds, after which it is killed.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_within: float = 20.0
    user: str | None = None


class Spawner:
    """Starts processes from one thread that lives as long as they shall.

    The kernel sends the death signal when the *thread* that started a process ends, so a worker thread of some pool
    must not do it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="devstack-spawner")

    def spawn(self, command: Command, log: Path) -> subprocess.Popen[bytes]:
        return self._thread.submit(self._spawn, command, log).result()

    def close(self) -> None:
        """Ends the thread, and with it any process that still runs."""
        self._thread.shutdown()

    @staticmethod
    def _spawn(command: Command, log: Path) -> subprocess.Popen[bytes]:
        wrapper = [sys.executable, "-I", "-S", leash.__file__]
        argv = [*wrapper, str(os.getpid()), str(int(command.death_signal)), command.user or "-", *command.argv]
        with log.open("ab") as output:
            return subprocess.Popen(
                argv,
                cwd=command.cwd,
                env={**os.environ, **command.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the terminal is for us; we end the parts in order
            )


class Child:
    """A process that can be started, ended, killed and paused, again and again. Its output goes to one log file."""

    def __init__(self, name: str, command: Command, *, spawner: Spawner, log: Path, pid_file: PidFile) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._spawner = spawner
        self._pid_file = pid_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None when it does not run."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Negative is the number of the signal that ended it; None when it runs or never ran."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        if self.running:
            return
        self._process = self._spawner.spawn(self._command, self.log)
        self._pid_file.write(self._process.pid)

    def stop(self) -> bool:
        """Ask it to end, and kill it when it has not within its time. False if it had to be killed."""
        return self._end(self._command.stop_signal)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it (SIGSTOP): it keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def tail(self) -> str:
        """The last lines of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-TAIL_LINES:])

    def _end(self, how: signal.Signals) -> bool:
        if self._process is None:
            return True
        gentle = True
        self._signal(how)
        self._signal(signal.SIGCONT)  # a paused process would not see the first
        try:
            self._process.wait(self._command.stop_within)
        except subprocess.TimeoutExpired:
            gentle = False
            self._signal(signal.SIGKILL)
            self._process.wait(self._command.stop_within)
        self._pid_file.remove()
        return gentle

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
