"""A whole stack for one benchmark or proof: of its own, in a directory that is removed when it ends."""

import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

from devstack.demo import Demo


@contextlib.contextmanager
def own_stack(say: Callable[[str], None], settings: Mapping[str, str] | None = None) -> Iterator[Demo]:
    """Everything but the simulated fleet, on free ports. A SIGTERM ends it in order, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _end)
    with (
        tempfile.TemporaryDirectory(prefix="fleetcast-stand-") as directory,
        Demo(Path(directory), say=say, settings=settings) as demo,
    ):
        yield demo


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
