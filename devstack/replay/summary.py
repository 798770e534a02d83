"""What became of a replay, and how far it is."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from devstack.public_api import ItemResult
from devstack.replay.recording import Unreadable

_SHOWN_LINES = 5


@dataclass
class Summary:
    """The counts add up: sent = accepted + refused."""

    unreadable: list[Unreadable] = field(default_factory=list)
    sent: int = 0
    accepted: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    retries: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, results: Sequence[ItemResult]) -> None:
        self.sent += len(results)
        for result in results:
            if result.status == "accepted":
                self.accepted += 1
                self.flags.update(result.flags)
            else:
                self.refused[result.problem.reason if result.problem is not None else result.status] += 1

    def lines(self) -> list[str]:
        """For people to read."""
        rate = self.sent / self.seconds if self.seconds > 0 else 0.0
        lines = [f"sent      {self.sent} in {self.seconds:.1f} s ({rate:.0f}/s)", f"accepted  {self.accepted}"]
        lines += [f"  flagged {flag}: {count}" for flag, count in self.flags.most_common()]
        lines.append(f"refused   {self.refused.total()}")
        lines += [f"  {reason}: {count}" for reason, count in self.refused.most_common()]
        lines.append(f"unreadable rows  {len(self.unreadable)}")
        lines += [f"  line {row.line}: {row.reason}" for row in self.unreadable[:_SHOWN_LINES]]
        if self.retries:
            again = ", ".join(f"{count} after {reason}" for reason, count in sorted(self.retries.items()))
            lines.append(f"sent again  {again}")
        return lines


class Progress:
    """A line that says how far the replay is: kept up to date at a terminal, else a new one every few seconds."""

    def __init__(self, total: int, out: TextIO = sys.stderr) -> None:
        self._total = total
        self._out = out
        self._live = out.isatty()
        self._every = 0.2 if self._live else 5.0
        self._started = self._said = time.monotonic()

    def show(self, done: int, *, last: bool = False) -> None:
        now = time.monotonic()
        if now - self._said < self._every and not (last and self._live):
            return
        self._said = now
        line = f"{done}/{self._total} ({done / max(now - self._started, 0.001):.0f}/s)"
        self._out.write(f"\r\x1b[K{line}{chr(10) if last else ''}" if self._live else line + "\n")
        self._out.flush()
