"""Kafka, Valkey and registry with a gateway and a recorder, in a directory that is removed; each on its core."""

import contextlib
import os
import resource
import secrets
import signal
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from devstack.plan import Step, carry_out
from devstack.product import Product
from devstack.stack import Stack

_OPEN_FILES = 20_000
_STEPS = frozenset({"kafka", "valkey", "registry", "topics", "schemas", "recorder", "gateway"})
_STALLED_SECONDS = 5  # the default is 30: this keeps the line of the client that never reads short


class Cores:
    """One core for what is measured, the others for Kafka and the load. Where cores cannot be chosen, none is."""

    def __init__(self) -> None:
        can_choose = hasattr(os, "sched_setaffinity")
        cores = sorted(os.sched_getaffinity(0)) if can_choose else []
        self.measured: int | None = cores[0] if len(cores) > 1 else None
        if self.measured is not None:
            os.sched_setaffinity(0, set(cores[1:]))  # what we start inherits it

    def pin(self, pid: int) -> None:
        """All threads of a process to the measured core; those to come inherit it."""
        if self.measured is not None:
            for thread in psutil.Process(pid).threads():
                os.sched_setaffinity(thread.id, {self.measured})


class GatewayStand:
    """What the measurements need to know of the stand."""

    def __init__(self, stack: Stack, product: Product, cores: Cores, jwt_secret: str) -> None:
        self.stack = stack
        self.cores = cores
        self.jwt_secret = jwt_secret
        self.url = product.admin_urls["gateway"]

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    @property
    def gateway_pid(self) -> int:
        pid = self.stack["gateway"].pid
        assert pid is not None
        return pid

    @contextlib.contextmanager
    def recorder_paused(self) -> Iterator[None]:
        """The recorder stands still meanwhile: it reads the same records, and in a deployment not on the load's core.

        What it does takes milliseconds each time, which the latencies of whatever is measured would show.
        """
        pid = self.stack["recorder"].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def count(self, sample: str) -> float:
        """One of the gateway's metrics, with its labels as they are written; 0 when it is not there yet."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as response:  # noqa: S310
            for line in response.read().decode().splitlines():
                name, _, value = line.rpartition(" ")
                if name == sample:
                    return float(value)
        return 0.0


@contextlib.contextmanager
def gateway_stand(say: Callable[[str], None], settings: Mapping[str, str]) -> Iterator[GatewayStand]:
    """Starts all, and ends all by their process ids. `settings` are further environment variables."""
    cores = Cores()
    _allow_open_files()
    secret = secrets.token_urlsafe(32)
    environment = {
        "FLEETCAST_LOG_FORMAT": "console",
        "FLEETCAST_ACCESS_JWT_HMAC_SECRET": secret,
        "FLEETCAST_GATEWAY_STALLED_SECONDS": str(_STALLED_SECONDS),
        **settings,
    }
    with tempfile.TemporaryDirectory(prefix="fleetcast-gateway-") as directory:
        stack = Stack(Path(directory), say=say)
        product = Product(stack, environment)
        steps = [
            Step(step.name, step.run, step.needs & _STEPS)
            for step in (*stack.infra_steps(), *product.steps())
            if step.name in _STEPS
        ]
        try:
            carry_out(steps, stack.site.stopping, stack.death)
            stand = GatewayStand(stack, product, cores, secret)
            cores.pin(stand.gateway_pid)
            yield stand
        finally:
            stack.stop()


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft == resource.RLIM_INFINITY or soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
