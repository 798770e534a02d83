"""Both official SDKs that run here."""

from benchmarks.official.node_watcher import NodeWatcher
from benchmarks.official.python_watcher import PythonWatcher
from benchmarks.official.watching import Watcher

SDKS: tuple[type[Watcher], ...] = (PythonWatcher, NodeWatcher)
