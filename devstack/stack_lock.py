"""One stack per directory at a time: who runs it, and whether it still does."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

FILE = "stack.lock"


class AlreadyRunningError(Exception):
    """A stack runs in this directory."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"the local stack is already running (process {pid}); `make down` ends it")
        self.pid = pid


class StackLock:
    """Held by the supervisor while it lives. The kernel lets go of it when the supervisor dies, however it dies."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        directory.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        """Raises AlreadyRunningError."""
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise AlreadyRunningError(self.holder()) from None
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid()}))
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def holder(self) -> int | None:
        """The process id of the supervisor that last took the lock."""
        try:
            return int(json.loads(self._path.read_text())["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def held(self) -> bool:
        """Whether a supervisor lives."""
        if not self._path.exists():
            return False
        with self._path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
