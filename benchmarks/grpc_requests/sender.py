"""Runs the client program, and follows what it tells."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from devstack.protobuf_code import generate

PROGRAM = Path(__file__).with_name("client.py")
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


class Sender:
    """A running client in a process of its own, which has its code from the published file, generated just now."""

    def __init__(
        self, directory: Path, target: str, credential: str, *, prefix: str, count: int, seconds: float
    ) -> None:
        """`directory`, which is empty, gets the generated code. Raises CalledProcessError if there is none."""
        generate(directory, f"--grpc_python_out={directory}")
        environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environ |= {"CREDENTIAL": credential, "PYTHONPATH": str(directory), "GRPC_VERBOSITY": "NONE"}
        argv = [sys.executable, str(PROGRAM), target, prefix, str(count), str(seconds)]
        self._process = subprocess.Popen(argv, cwd=directory, env=environ, stdout=subprocess.PIPE)
        self._said: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def until_answered(self, count: int) -> bool:
        """Waits until so many were answered, or the program has ended (False), which it does in time."""
        while self._listen():
            if self._said.get("answered", 0) >= count:
                return True
        return False

    def ended(self) -> dict[str, Any]:
        """Waits for its end; what it told last, and `exit_code`."""
        while self._listen():
            pass
        return {**self._said, "exit_code": self._process.wait()}

    def _listen(self) -> bool:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            self._said = msgspec.json.decode(line)
        return bool(line)
