"""Where the parts of one stack live, and what they share."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.child import Spawner
from devstack.pid_file import PidFile


def silent(_line: str) -> None:
    """For tests: tell nobody what is going on."""


@dataclass(frozen=True)
class Site:
    """One stack's directory: logs and process ids, and in `data`, below it, what is kept from one start to the next.

    Setting `stopping` ends every wait for a part to become ready; `say` tells a person what is going on.
    """

    directory: Path
    data: Path
    spawner: Spawner
    stopping: threading.Event
    say: Callable[[str], None] = silent

    def log(self, name: str) -> Path:
        return self.directory / "log" / f"{name}.log"

    def pid_file(self, name: str) -> PidFile:
        return PidFile(self.directory / "pids" / f"{name}.pid")

    def make_directories(self) -> None:
        for path in (self.data, self.directory / "log", self.directory / "pids"):
            path.mkdir(parents=True, exist_ok=True)
