"""Small programs that stand in for parts of the stack, and where to run them."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.child import Command, Spawner
from devstack.part import Part
from devstack.site import Site

FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile 1: signal.pause()"
)


@contextmanager
def site_in(directory: Path) -> Iterator[Site]:
    """A site of its own; processes that it still has at the end die with it."""
    site = Site(directory, directory / "data", Spawner(), threading.Event())
    site.make_directories()
    try:
        yield site
    finally:
        site.spawner.close()


def program(code: str, stop_within: float = 20.0) -> Command:
    return Command(argv=[sys.executable, "-c", code], cwd=Path.cwd(), stop_within=stop_within)


def part(site: Site, code: str = FOREVER, name: str = "part", stop_within: float = 20.0) -> Part:
    """A part that is ready once it has said "up"."""
    return Part(name, program(code, stop_within), ready=says_up(site.log(name)), site=site, ready_within=10.0)


def says_up(log: Path) -> Callable[[], str | None]:
    return lambda: None if "up" in log.read_text() else "has not said that it is up"


def wait_until(true: Callable[[], bool], within: float = 10.0) -> None:
    """Raises AssertionError when it has not become true within so many seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
