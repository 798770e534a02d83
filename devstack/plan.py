"""Do steps that need each other in order, and those that do not at the same time."""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Something to do once, after the steps that it needs, named."""

    name: str
    run: Callable[[], object]
    needs: frozenset[str] = frozenset()


def carry_out(steps: Sequence[Step], stopping: threading.Event, workers: int = 12) -> None:
    """Carry out all steps. The first error sets `stopping`, waits for what runs to notice it, and is raised.

    Raises:
        ValueError: a step needs one that is not there, or steps need each other in a circle.
    """
    waiting = {step.name: step for step in steps}
    done: set[str] = set()
    running: dict[Future[object], str] = {}
    with ThreadPoolExecutor(min(workers, len(steps) or 1), thread_name_prefix="devstack-plan") as pool:
        try:
            while waiting or running:
                for name in [name for name, step in waiting.items() if step.needs <= done]:
                    running[pool.submit(waiting.pop(name).run)] = name
                _check_progress(running, waiting)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    future.result()
                    done.add(running.pop(future))
        except BaseException:
            stopping.set()
            raise


def _check_progress(running: Collection[object], waiting: Collection[str]) -> None:
    if not running:
        raise ValueError(f"these steps can never begin: {', '.join(sorted(waiting))}")
