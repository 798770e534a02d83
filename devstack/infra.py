"""Infrastructure for somebody else: Kafka, Valkey, PostgreSQL and the registry, for as long as another process lives.

`python -m devstack infra --directory D --owner PID` keeps them running until SIGTERM or until that process is gone,
and then removes their data. It writes `D/infra.json` when all is ready, and `D/failed` when it cannot be.
"""

import json
import shutil
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import psutil

from devstack.private_file import write_private
from devstack.stack import Stack

LOOK_EVERY = 0.25  # seconds


@dataclass(frozen=True)
class Infra:
    """Where the parts of a running infrastructure are."""

    kafka_bootstrap: str
    redis_url: str
    postgres_url: str
    registry_url: str
    pids: dict[str, int]

    @classmethod
    def read(cls, directory: Path) -> "Infra | None":
        """None while it is not ready. Raises RuntimeError with the reason when it never will be."""
        failed = directory / "failed"
        if failed.exists():
            raise RuntimeError(failed.read_text())
        try:
            return cls(**json.loads((directory / "infra.json").read_text()))
        except FileNotFoundError:
            return None


def serve(directory: Path, owner: int, brokers: int = 1) -> int:
    """Run until told to end, or until the owner is gone. Returns the exit code."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()
        stack.site.stopping.set()

    directory.mkdir(parents=True, exist_ok=True)
    stack = Stack(directory, brokers=brokers)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at the terminal is for the owner
    try:
        with stack:
            write_private(directory / "infra.json", json.dumps(asdict(_describe(stack))))
            _wait(ended, owner)
    except Exception as error:  # noqa: BLE001  whatever it is, the one who waits for infra.json must learn it
        (directory / "failed").write_text(f"{type(error).__name__}: {error}")
        print(error, file=sys.stderr)
        return 1
    finally:
        (directory / "infra.json").unlink(missing_ok=True)
        # With the owner gone, nobody else would remove the rest, or read the logs.
        shutil.rmtree(stack.site.data if psutil.pid_exists(owner) else directory, ignore_errors=True)
    return 0


def _describe(stack: Stack) -> Infra:
    return Infra(
        kafka_bootstrap=stack.kafka_bootstrap,
        redis_url=stack.redis_url,
        postgres_url=stack.postgres_url,
        registry_url=stack.registry_url,
        pids=stack.pids(),
    )


def _wait(ended: threading.Event, owner: int) -> None:
    try:
        process = psutil.Process(owner)
    except psutil.NoSuchProcess:
        return
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if ended.wait(LOOK_EVERY):
            return
