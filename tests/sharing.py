"""Which tests run on one worker of pytest-xdist, one after another, because they share something costly.

There is one `demo` for all, not one for each worker, and what a module shares is made once. Every other test runs
wherever there is room. xdist's own `--dist loadgroup` would do, but it writes the group into `item._nodeid`, which
pytest 9.1 and later do not read.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FILE = "sharers.json"  # node id -> group


def tell_groups(items: Iterable[pytest.Item], directory: Path, worker: str) -> None:
    """A worker knows the fixtures; whoever hands out the tests knows but their names. All workers tell the same."""
    groups = {item.nodeid: group for item in items if (group := _group(item)) is not None}
    directory.mkdir(mode=0o700, exist_ok=True)
    whole = directory / f"{worker}-{FILE}"
    whole.write_text(json.dumps(groups))
    whole.replace(directory / FILE)


def _group(item: pytest.Item) -> str | None:
    """Modules with stacks of their own are one group too: more than two at a time would only wait for each other."""
    if not isinstance(item, pytest.Function):
        return None
    if "demo" in item.fixturenames:
        return "demo"
    if not any(each[-1].scope == "module" for each in item._fixtureinfo.name2fixturedefs.values()):
        return None
    marked = any(mark.name == "stack" for mark in item.iter_markers())
    return "own stacks" if marked else item.module.__name__


class SharersTogether(LoadScopeScheduling):  # type: ignore[misc]  # the package ships no types
    """Hands out the largest group first, and single tests last: so the workers end at about the same time."""

    def __init__(self, config: pytest.Config, log: Producer, directory: Path) -> None:
        super().__init__(config, log)
        self._directory = directory
        self._groups: dict[str, str] = {}

    def schedule(self) -> None:
        """Called when all workers have collected."""
        if self.collection is None:
            self._groups = json.loads((self._directory / FILE).read_text())
        super().schedule()

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)
        units = self.assigned_work[node]
        done = self._split_scope(self.registered_collections[node][item_index])
        if all(units[done].values()):
            del units[done]  # else every later step would count thousands that are done

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)
