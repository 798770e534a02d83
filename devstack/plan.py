"""Do steps that need each other in order, and those that do not at the same time."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from devstack.part import StartInterruptedError

MOST_AT_ONCE = 12
WATCH_EVERY = 0.5  # seconds


@dataclass(frozen=True)
class Step:
    """Something to do once, after the steps that it needs, named."""

    name: str
    run: Callable[[], object]
    needs: frozenset[str] = frozenset()


def carry_out(
    steps: Sequence[Step], stopping: threading.Event, watch: Callable[[], Exception | None] = lambda: None
) -> None:
    """Carry out all steps. The first error sets `stopping`; when what still runs has noticed, it is raised.

    `watch` is asked now and then for an error that no step would tell of.

    Raises:
        ValueError: a step needs one that is not there, or steps need each other in a circle.
    """
    waiting = {step.name: step for step in steps}
    done: set[str] = set()
    running: dict[Future[object], str] = {}
    trouble: Exception | None = None
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="devstack-plan") as pool:
        while waiting or running:
            for name in [name for name, step in waiting.items() if step.needs <= done]:
                running[pool.submit(waiting.pop(name).run)] = name
            if not running:
                raise ValueError(f"these steps can never begin: {', '.join(sorted(waiting))}")
            finished = wait(running, WATCH_EVERY, return_when=FIRST_COMPLETED).done
            trouble = watch()
            if trouble is not None or any(future.exception() is not None for future in finished):
                stopping.set()
                break
            done.update(running.pop(future) for future in finished)
    if trouble is not None:
        raise trouble
    errors = [error for future in running if (error := future.exception()) is not None]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, StartInterruptedError))  # those are only its consequence
