"""Named places between the steps of a process's work, where a test can have it die as by kill -9."""

import os
import signal
from collections.abc import Callable

Reached = Callable[[str], None]
"""Called with the name of a place when work has come there."""


def never(_name: str) -> None:
    """Nobody dies."""


class FailPoints:
    """`armed`: the name of the place to die at, such as `dispatcher.stored`, or `dispatcher.stored:3` for the third
    time that work comes there; empty for none.
    """

    def __init__(self, armed: str = "", die: Callable[[], None] | None = None) -> None:
        self._name, _, times = armed.partition(":")
        self._left = int(times or 1)
        self._die = die or _kill

    def reached(self, name: str) -> None:
        """Work has come to this place: dies here, if told to."""
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                self._die()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
