"""What a person at a terminal sees while a benchmark runs."""

import sys
from types import TracebackType
from typing import Self


def say(line: str) -> None:
    """One line, at once."""
    print(f"  {line}", flush=True)


class Ticker:
    """A line of progress: written over itself on a terminal, now and then a new one elsewhere."""

    def __init__(self, every: int = 10) -> None:
        """`every`: of so many, one is shown where lines cannot be written over."""
        self._every = every
        self._shown = 0
        self._terminal = sys.stdout.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal and self._shown:
            print()

    def show(self, line: str) -> None:
        if self._terminal:
            print(f"\r\x1b[K  {line}", end="", flush=True)
        elif self._shown % self._every == 0:
            say(line)
        self._shown += 1
