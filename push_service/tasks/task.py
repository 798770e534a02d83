"""What a task is: one job, done in bounded batches, that may be stopped at any time and run again."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Engine

from domain.instants import Micros
from domain.reference import ReferenceRecord
from push_service.tasks.progress import Progress
from push_service.tasks.settings import TasksSettings
from runtime.settings import Loaded, Section


class Tools(NamedTuple):
    """What tasks work with; built in `__main__`, and connected when first used."""

    settings: Loaded
    """The sections that the task asks for."""
    tasks: TasksSettings
    engine: Engine
    reference: Callable[[], Iterable[ReferenceRecord]]
    """All entries of the reference data, for tasks that ask for the settings of Kafka and the registry."""
    now: Micros
    """When the task began."""


class Task(NamedTuple):
    """An entry of the table in `table.py`."""

    help: str
    """One line."""
    run: Callable[[Tools, Progress], int]
    """Does it, or only looks when `progress.dry_run`. Returns how many things it changed, or would.

    Raises OutageError; what was done until then stays done."""
    sections: tuple[type[Section], ...] = ()
    """Settings that it needs besides POSTGRES and TASKS."""
