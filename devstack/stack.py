"""The infrastructure of a stack, started and ended as one; its parts by name."""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.child import Spawner
from devstack.kafka import Kafka
from devstack.part import Part, PartError
from devstack.pid_file import kill_leftovers
from devstack.plan import Step, carry_out
from devstack.ports import LOOPBACK, free_port
from devstack.postgres import Postgres
from devstack.registry_part import registry
from devstack.site import Site, silent
from devstack.valkey import valkey

DATABASE_STEP = "database"
INFRA_TIER = 0


class Stack:
    """Kafka, Valkey, PostgreSQL and the schema registry, below one directory that keeps their state.

    As a context manager it starts them and ends them; what was in the directory is used again. `stack["kafka"].kill()`
    and `stack["kafka"].start()` make and mend a fault. The parts are: kafka (or kafka-1 to kafka-3), valkey, postgres,
    registry. One stack per directory at a time: whoever makes it sees to that.
    """

    def __init__(self, directory: Path, *, brokers: int = 1, say: Callable[[str], None] = silent) -> None:
        directory = directory.resolve()
        data = directory / ("data" if brokers == 1 else f"data-{brokers}-brokers")
        self.site = Site(directory, data, Spawner(), threading.Event(), say)
        self.site.make_directories()
        self._parts: dict[str, Part] = {}
        self._redis_port, self._registry_port = free_port(), free_port()
        self.kafka = Kafka(brokers, self.site)
        self.postgres = Postgres(free_port(), self.site)
        self.add(valkey(self._redis_port, self.site))
        self.add(self.postgres.part)
        self.add(registry(self._registry_port, self.site))
        for part in self.kafka.parts:
            self.add(part)

    @property
    def kafka_bootstrap(self) -> str:
        return self.kafka.bootstrap

    @property
    def redis_url(self) -> str:
        return f"redis://{LOOPBACK}:{self._redis_port}/0"

    @property
    def postgres_url(self) -> str:
        return self.postgres.url()

    @property
    def registry_url(self) -> str:
        return f"http://{LOOPBACK}:{self._registry_port}"

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts.values())

    def __enter__(self) -> Self:
        self.clean_up()
        try:
            carry_out(self.infra_steps(), self.site.stopping)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add(self, part: Part) -> None:
        """Take charge of a part: it is found by its name, watched, and ended with the others."""
        self._parts[part.name] = part

    def pids(self) -> dict[str, int]:
        return {part.name: part.pid for part in self if part.pid is not None}

    def clean_up(self) -> None:
        """End what a crashed run in this directory left behind, and begin new logs."""
        for name in kill_leftovers(self.site.directory / "pids"):
            self.site.say(f"ended {name}, left behind by an earlier run")
        for log in (self.site.directory / "log").glob("*.log"):
            if log.name != "devstack.log":
                log.unlink()

    def infra_steps(self) -> list[Step]:
        """A step for each part of the infrastructure, named as the part, and one for the database."""
        steps = [Step(part.name, functools.partial(self.start, part)) for part in self if part.tier == INFRA_TIER]
        steps.append(Step(DATABASE_STEP, self.make_database, frozenset({self.postgres.part.name})))
        return steps

    def make_database(self) -> None:
        self.postgres.make_database(self.postgres_url.rsplit("/", 1)[1])

    def start(self, part: Part) -> None:
        """Start a part and tell when it is ready. Raises: as `Part.start`."""
        part.start()
        self.site.say(f"{part.name} ready in {part.ready_after:.1f} s")

    def stop(self) -> None:
        """End all parts in reverse order; after this none runs."""
        self.site.stopping.set()
        for tier in sorted({part.tier for part in self}, reverse=True):
            parts = [part for part in self if part.tier == tier]
            with ThreadPoolExecutor(len(parts), thread_name_prefix="devstack-stop") as pool:
                list(pool.map(self._stop_one, parts))
        self.site.spawner.close()

    def _stop_one(self, part: Part) -> None:
        if part.running:
            began = time.monotonic()
            how = "ended" if part.stop() else "did not end in time and was killed"
            self.site.say(f"{part.name} {how} after {time.monotonic() - began:.1f} s")
        part.stop()

    def death(self) -> PartError | None:
        """The error of a part that ended though nobody asked it to."""
        return next((failed for part in self if (failed := part.died()) is not None), None)
