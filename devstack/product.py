"""The product's processes and set-up commands, as the local stack runs them: one table, environment variables alone.

Nothing here knows what a process does. A new one is a new line.
"""

import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.child import Command
from devstack.one_shot import run_to_end
from devstack.part import Part
from devstack.plan import Step
from devstack.ports import LOOPBACK, free_port
from devstack.probes import http_ok
from devstack.stack import DATABASE_STEP, Stack

PROJECT = Path(__file__).resolve().parents[1]
PRODUCT_TIER = 1
SETUP_WITHIN = 90.0  # seconds
STOP_WITHIN = 30.0  # more than a process gives its own services


@dataclass(frozen=True)
class SetUp:
    """A command that must have succeeded before any process starts. `needs` names parts, "kafka" for all its nodes."""

    name: str
    module: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Process:
    """One process: `section` is the settings section whose HOST and PORT say where its probes are."""

    name: str
    module: str
    section: str
    grpc: bool = False
    """Whether it is the one that `grpc_target` names."""


SET_UP = (
    SetUp("topics", "backbone", ("topics", "apply"), needs=("kafka",)),
    SetUp("schemas", "backbone", ("schemas", "register"), needs=("registry",)),
    SetUp("tables", "storage", ("migrate",), needs=(DATABASE_STEP,)),
)
PROCESSES = (
    Process("ingest", "ingest", "INGEST", grpc=True),
    Process("enrich", "stream_processors.enrich", "ADMIN"),
    Process("route", "stream_processors.route", "ADMIN"),
    Process("address", "stream_processors.address", "ADMIN"),
    Process("recorder", "push_service.recorder", "ADMIN"),
    Process("dispatcher", "push_service.dispatcher", "ADMIN"),
    Process("senders", "push_service.senders", "ADMIN"),
    Process("gateway", "push_service.gateway", "GATEWAY"),
    Process("control_api", "control_api", "CONTROL"),
)


class Product:
    """The product on top of a stack's infrastructure: its parts are added to the stack.

    `settings` are further environment variables for all processes, `ports` those of processes that shall not be any;
    `processes` are all of them, unless a test or benchmark needs but some.
    """

    def __init__(
        self,
        stack: Stack,
        settings: Mapping[str, str],
        ports: Mapping[str, int] | None = None,
        processes: Sequence[Process] = PROCESSES,
    ) -> None:
        self._stack = stack
        self._settings = dict(settings)
        self._ports = {process.name: free_port() for process in processes} | dict(ports or {})
        self._grpc_port = free_port()
        self._parts = [self._part(process) for process in processes]
        for part in self._parts:
            stack.add(part)

    @property
    def admin_urls(self) -> dict[str, str]:
        """Where each process has its probes and metrics."""
        return {name: f"http://{LOOPBACK}:{port}" for name, port in self._ports.items()}

    @property
    def grpc_target(self) -> str:
        """Where ingest takes gRPC."""
        return f"{LOOPBACK}:{self._grpc_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every process and command of the product is told."""
        return {
            "FLEETCAST_KAFKA_BOOTSTRAP": self._stack.kafka_bootstrap,
            "FLEETCAST_REGISTRY_URL": self._stack.registry_url,
            "FLEETCAST_REDIS_URL": self._stack.redis_url,
            "FLEETCAST_POSTGRES_URL": self._stack.postgres_url,
            "FLEETCAST_GRPC_PORT": "0",  # but for the process that `grpc_target` names
            **self._settings,
        }

    def command(self, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> Command:
        """`python -m module arguments` with the product's environment."""
        environment = {**self.environment, **(env or {})}
        argv = [sys.executable, "-m", module, *arguments]
        return Command(argv=argv, cwd=PROJECT, env=environment, stop_within=STOP_WITHIN)

    def steps(self) -> list[Step]:
        """Set-up as soon as what it needs is there, then all processes at once."""
        kafka = [part.name for part in self._stack.kafka.parts]
        steps = []
        for set_up in SET_UP:
            needs = [name for need in set_up.needs for name in (kafka if need == "kafka" else [need])]
            steps.append(Step(set_up.name, functools.partial(self._run, set_up), frozenset(needs)))
        needs_all = frozenset(step.name for step in steps)
        steps += [Step(part.name, functools.partial(self._stack.start, part), needs_all) for part in self._parts]
        return steps

    def _run(self, set_up: SetUp) -> None:
        command = self.command(set_up.module, *set_up.arguments)
        run_to_end(self._stack.site, command, self._stack.site.log(set_up.name), within=SETUP_WITHIN)
        self._stack.site.say(f"{set_up.name} are in place")

    def _part(self, process: Process) -> Part:
        port = self._ports[process.name]
        own = {f"FLEETCAST_{process.section}_HOST": LOOPBACK, f"FLEETCAST_{process.section}_PORT": str(port)}
        if process.grpc:
            own |= {"FLEETCAST_GRPC_HOST": LOOPBACK, "FLEETCAST_GRPC_PORT": str(self._grpc_port)}
        return Part(
            process.name,
            self.command(process.module, env=own),
            ready=functools.partial(http_ok, f"http://{LOOPBACK}:{port}/readyz"),
            site=self._stack.site,
            tier=PRODUCT_TIER,
        )
