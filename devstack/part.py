"""A part of the local stack: a program, what it needs before it runs, and how to tell that it really works."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

from devstack.child import Child, Command
from devstack.site import Site

POLL_EVERY = 0.05  # seconds
RETRY_AFTER = 0.5


class PartError(Exception):
    """A part ended, or was not ready in time. Says which, why, and what it wrote last."""

    def __init__(self, name: str, reason: str, log: Path, tail: str) -> None:
        super().__init__(f"{name} {reason}. The end of {log}:\n{tail}")


class StartInterruptedError(Exception):
    """Somebody asked the stack to end while it was still starting."""


class Part:
    """Started, watched and ended by name.

    `ready` returns None when the part does its work, else what it still lacks; it must answer within a second or so.
    `prepare` runs before each start. `ready_within` is in seconds. `attempts` is how often to start a program that ends
    before it is ready: more than one only where that is known to pass by itself. Parts of a higher `tier` are ended
    first, those of one tier together.
    """

    def __init__(
        self,
        name: str,
        command: Command,
        *,
        ready: Callable[[], str | None],
        site: Site,
        prepare: Callable[[], None] = lambda: None,
        ready_within: float = 90.0,
        attempts: int = 1,
        tier: int = 0,
    ) -> None:
        self.name = name
        self.tier = tier
        self.ready_after = 0.0
        self._child = Child(
            name,
            command,
            spawner=site.spawner,
            log=site.log(name),
            pid_file=site.pid_file(name),
        )
        self._ready = ready
        self._prepare = prepare
        self._ready_within = ready_within
        self._attempts = attempts
        self._stopping = site.stopping
        self._wanted = False

    @property
    def pid(self) -> int | None:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.running

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            PartError: it ended or is not ready in time; it does not run any more.
            StartInterruptedError: the stack is being ended.
        """
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start it without waiting: for tests of what others do while it comes up."""
        self._prepare()
        self._child.start()

    def wait_ready(self) -> None:
        """Raises: as `start`."""
        began = time.monotonic()
        attempts = self._attempts
        lacks: str | None = "did not answer"
        while time.monotonic() - began < self._ready_within:
            if self._stopping.is_set():
                raise StartInterruptedError(self.name)
            if not self._child.running:
                attempts -= 1
                if attempts == 0:
                    raise self._failed(f"ended before it was ready ({self.how_it_ended()})")
                time.sleep(RETRY_AFTER)
                self._child.start()
            lacks = self._ready()
            if lacks is None:
                self.ready_after = time.monotonic() - began
                self._wanted = True
                return
            time.sleep(POLL_EVERY)
        raise self._failed(f"was not ready within {self._ready_within:.0f} s ({lacks})")

    def stop(self) -> bool:
        """End it in good order; False if it had to be killed."""
        self._wanted = False
        return self._child.stop()

    def kill(self) -> None:
        """kill -9, as a test of what happens then; it is gone when this returns."""
        self._wanted = False
        self._child.kill()

    def pause(self) -> None:
        """Freeze it: it keeps its connections and answers nothing."""
        self._child.pause()

    def resume(self) -> None:
        self._child.resume()

    def died(self) -> PartError | None:
        """The error that describes its end, when it ended and nobody here asked it to."""
        if not self._wanted or self._child.running:
            return None
        return self._failed(f"ended ({self.how_it_ended()})")

    def how_it_ended(self) -> str:
        code = self._child.exit_code
        if code is None:
            return "it runs"
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def _failed(self, reason: str) -> PartError:
        tail = self._child.tail()
        self.stop()
        return PartError(self.name, reason, self._child.log, tail)
