"""A Python module as a process of ours that is told, and tells, by lines of JSON."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

PROJECT = Path(__file__).resolve().parents[2]
END_WITHIN = 10.0  # seconds

ProgressT = TypeVar("ProgressT", bound=msgspec.Struct)
ResultT = TypeVar("ResultT", bound=msgspec.Struct)


class HelperEndedError(Exception):
    """The process ended before its result. What it wrote to its error output stands above."""


class Helper(Generic[ProgressT, ResultT]):
    """`with Helper(...)` starts it, and kills it at the end if it still runs."""

    def __init__(self, module: str, plan: msgspec.Struct, progress: type[ProgressT], result: type[ResultT]) -> None:
        self._module = module
        self._plan = plan
        self._progress = progress
        self._result = result
        self._process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        argv = [sys.executable, "-m", self._module]
        self._process = subprocess.Popen(
            argv, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.tell(self._plan)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        with self._process as process:  # closes the pipes, and waits
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()

    def tell(self, message: msgspec.Struct) -> None:
        """One more line on its input."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(message).decode() + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise HelperEndedError(self._module) from error

    def next(self) -> ProgressT | ResultT:
        """What it says next. Raises HelperEndedError."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise HelperEndedError(self._module)
        kind = msgspec.json.decode(line, type=dict[str, object]).get("type")
        return msgspec.json.decode(line, type=self._result if kind == "result" else self._progress)

    def result(self, on_progress: Callable[[ProgressT], None] = lambda _: None) -> ResultT:
        """Its result, when it comes. Raises HelperEndedError."""
        while not isinstance(said := self.next(), self._result):
            on_progress(said)  # type: ignore[arg-type]  # it is no result
        return said
