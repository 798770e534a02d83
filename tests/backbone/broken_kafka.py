"""A broker of a test's own, to stop, freeze and start."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from devstack.part import Part
from devstack.stack import Stack


@contextlib.contextmanager
def own_broker(directory: Path) -> Iterator[tuple[str, Part]]:
    """Yields its address and the part to break."""
    stack = Stack(directory)
    kafka = stack["kafka"]
    try:
        kafka.start()
        yield stack.kafka_bootstrap, kafka
    finally:
        stack.stop()
