"""A real Kafka, Valkey, PostgreSQL and schema registry for tests.

One set per pytest session, shared by the workers of pytest-xdist, started when the first test asks for it (3 to 4 s)
and ended when pytest ends, however it ends. Ask for what you need by fixture name:

    kafka_bootstrap   "127.0.0.1:41001"; one broker, topics are not made by themselves. Name yours with `unique`.
    redis_url         an empty logical database of this test's own
    postgres_url      an empty database of this test's own, dropped afterwards
    postgres_server_url   the server's own database, to make others
    registry_url      the schema registry; name your subjects with `unique`
    unique            a short name that no other test has, such as "t1f0c9a7e"
    infra             all addresses and process ids; never break a part of it, others use it
    demo              the whole product on a stack of its own, without the simulated fleet (10 s);
                      `demo.describe()` is what `stack.json` says; mend what you break before your test ends

A test that kills or pauses a part needs a stack of its own:

    with Stack(tmp_path) as stack:              # or Stack(tmp_path, brokers=3)
        stack["kafka"].kill(); ...; stack["kafka"].start()
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from xdist.remote import Producer

from devstack.demo import Demo
from devstack.infra import Infra
from tests.product_settings import RESTFUL, SOON_MISSED
from tests.sharing import SharersTogether, tell_groups

PROJECT = Path(__file__).resolve().parents[1]
DIRECTORY = "FLEETCAST_TEST_INFRA_DIRECTORY"  # handed to the workers of xdist
READY_WITHIN = 240.0  # seconds; the first time Kafka is downloaded
END_WITHIN = 40.0
NEEDS_STACK = {"infra", "demo"}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stack: starts real servers (set by itself where a fixture does)")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job; what we start inherits it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ[DIRECTORY] = f"{tempfile.gettempdir()}/fleetcast-tests-{secrets.token_hex(8)}"


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or DIRECTORY not in os.environ:
        return
    directory = Path(os.environ.pop(DIRECTORY))
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        server = psutil.Process(int((directory / "server.pid").read_text()))
        server.terminate()
        server.wait(END_WITHIN)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def infra() -> Infra:
    """Where the session's infrastructure is; started by the first who asks."""
    directory = Path(os.environ[DIRECTORY])
    directory.mkdir(mode=0o700, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "server.pid").exists():
            _start_server(directory)
        return _wait_for(directory)


def _start_server(directory: Path) -> None:
    worker = "PYTEST_XDIST_WORKER" in os.environ
    owner = os.getppid() if worker else os.getpid()
    argv = [sys.executable, "-m", "devstack", "infra", "--directory", str(directory), "--owner", str(owner)]
    # Started by way of a shell that ends at once: then it is nobody's child, and no worker has to outlive it.
    line = 'out=$1; shift; "$@" >"$out" 2>&1 </dev/null & echo $!'
    said = subprocess.run(
        ["/bin/sh", "-c", line, "sh", str(directory / "infra.out"), *argv],
        cwd=PROJECT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        timeout=30,
    )
    (directory / "server.pid").write_text(said.stdout.strip())


def _wait_for(directory: Path) -> Infra:
    server = int((directory / "server.pid").read_text())
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        infra = Infra.read(directory)
        if infra is not None:
            return infra
        if not psutil.pid_exists(server):
            break
        time.sleep(0.05)
    raise RuntimeError(f"the infrastructure for tests did not start: {(directory / 'infra.out').read_text()}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`-m "not stack"` leaves out every test that starts real servers."""
    if hasattr(config, "workerinput"):
        tell_groups(items, Path(os.environ[DIRECTORY]), config.workerinput["workerid"])
    for item in items:
        if NEEDS_STACK & set(getattr(item, "fixturenames", ())):
            item.add_marker("stack")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharersTogether | None:
    """Instead of `--dist load`, which is what `-n` means by itself."""
    return SharersTogether(config, log, Path(os.environ[DIRECTORY])) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo"), settings=RESTFUL | SOON_MISSED) as demo:
        yield demo
        shutil.rmtree(demo.stack.site.data, ignore_errors=True)


@pytest.fixture
def unique() -> str:
    return f"t{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def kafka_bootstrap(infra: Infra) -> str:
    return infra.kafka_bootstrap


@pytest.fixture(scope="session")
def registry_url(infra: Infra) -> str:
    return infra.registry_url


@pytest.fixture
def redis_url(infra: Infra) -> str:
    """Database 0 counts who has which; from 1 on they are tests'."""
    address = infra.redis_url.removesuffix("/0")
    with redis.Redis.from_url(infra.redis_url) as client:
        databases = int(client.config_get("databases")["databases"])
        number = 1 + int(client.incr("tests")) % (databases - 1)
    with redis.Redis.from_url(f"{address}/{number}") as client:
        client.flushdb()
    return f"{address}/{number}"


@pytest.fixture(scope="session")
def postgres_server_url(infra: Infra) -> str:
    return infra.postgres_url


@pytest.fixture
def postgres_url(postgres_server_url: str, unique: str) -> Iterator[str]:
    with psycopg.connect(postgres_server_url, autocommit=True) as connection:
        name = psycopg.sql.Identifier(unique)
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))
        yield f"{postgres_server_url.rsplit('/', 1)[0]}/{unique}"
        connection.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
