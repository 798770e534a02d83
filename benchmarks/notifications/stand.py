"""Valkey and PostgreSQL in a directory that is removed, with users, phones and followers."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import redis
from pydantic import SecretStr

from benchmarks.gateway.stand import Cores
from benchmarks.notifications.work import FOLLOWED, FOLLOWERS_COUNT, TENANT, USERS
from devstack.plan import carry_out
from devstack.stack import DATABASE_STEP, Stack
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings
from storage.redis.keys import gateway_leases

_STEPS = frozenset({"valkey", "postgres", DATABASE_STEP})

_PHONES = """
INSERT INTO installations (tenant, id, user_id, provider, platform, push_token, token_hash, token_at, created_at,
    refreshed_at)
SELECT %(tenant)s, 'phone-' || n, 'user-' || n, 'fcm', 'android', 'token-' || n, sha256(('token-' || n)::bytea),
    now(), now(), now()
FROM generate_series(0, %(count)s - 1) AS n
"""
_FOLLOWERS = """
INSERT INTO followers (tenant, interest, user_id)
SELECT %(tenant)s, %(interest)s, 'user-' || n FROM generate_series(0, %(count)s - 1) AS n
"""


class NotificationStand:
    """Where the servers are, and what they have spent."""

    def __init__(self, stack: Stack, cores: Cores) -> None:
        self.cores = cores
        self.redis_url = stack.redis_url
        self.postgres_url = stack.postgres_url
        self._stack = stack

    def spread(self) -> None:
        """From now on nobody is pinned: what comes next is measured on all cores together."""
        if self.cores.measured is not None:
            everywhere = set(range(os.cpu_count() or 1))
            for pid in (os.getpid(), *(process.pid for name in ("valkey", "postgres") for process in self._of(name))):
                with contextlib.suppress(psutil.Error, OSError):
                    os.sched_setaffinity(pid, everywhere)

    def spent(self, name: str) -> float:
        """CPU seconds of `valkey` or `postgres`, with the processes that it has now."""
        spent = 0.0
        for process in self._of(name):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                spent += times.user + times.system + times.children_user + times.children_system
        return spent

    def empty_redis(self) -> None:
        """But one gateway lives, as far as Redis knows.

        Each write is kept in Valkey's file, but that is not written anew meanwhile: it is at each doubling, thus seldom
        where the server has been for long, and after each emptying here.
        """
        with redis.Redis.from_url(self.redis_url) as client:
            client.config_set("auto-aof-rewrite-percentage", 0)
            client.flushall()
            client.zadd(gateway_leases(), {"a-gateway": 10**15})

    def fill(self, say: Callable[[str], None], *, followers: bool) -> None:
        """Tables, phones, and followers where they are needed."""
        migrate(PostgresSettings(url=SecretStr(self.postgres_url)))
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(_PHONES, {"tenant": TENANT, "count": USERS})
            if followers:
                connection.execute(_FOLLOWERS, {"tenant": TENANT, "interest": FOLLOWED, "count": FOLLOWERS_COUNT})
            connection.execute("VACUUM (ANALYZE)")
        say("tables are filled")

    def _of(self, name: str) -> list[psutil.Process]:
        pid = self._stack[name].pid
        assert pid is not None
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]


@contextlib.contextmanager
def notification_stand(say: Callable[[str], None]) -> Iterator[NotificationStand]:
    """Starts all, and ends all by their process ids."""
    cores = Cores()
    with tempfile.TemporaryDirectory(prefix="fleetcast-notifications-") as directory:
        stack = Stack(Path(directory), say=say)
        steps = [step for step in stack.infra_steps() if step.name in _STEPS]
        try:
            carry_out(steps, stack.site.stopping, stack.death)
            yield NotificationStand(stack, cores)
        finally:
            stack.stop()
