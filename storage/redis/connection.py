"""Connections to Redis, and what its errors mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
import redis.asyncio
from redis.exceptions import ClusterDownError, ClusterError, ConnectionError, RedisError, ResponseError, TimeoutError

from domain.errors import OutageError
from storage.redis.settings import RedisSettings

SyncRedis = redis.Redis | redis.RedisCluster
AsyncRedis = redis.asyncio.Redis | redis.asyncio.RedisCluster

# Answers of a server that is there, but cannot serve now: loading its file, failing over, out of memory.
_PASSING = ("LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "OOM", "NOREPLICAS", "MISCONF")


def connect_sync(settings: RedisSettings) -> SyncRedis:
    """A blocking client for one thread or more. Nothing is sent before the first command, but in a cluster."""
    url = settings.url.get_secret_value()
    if settings.cluster:
        return redis.RedisCluster.from_url(
            url, socket_timeout=settings.timeout, socket_connect_timeout=settings.timeout
        )
    return redis.Redis.from_url(url, socket_timeout=settings.timeout, socket_connect_timeout=settings.timeout)


def connect_async(settings: RedisSettings) -> AsyncRedis:
    """A client for the event loop. Nothing is sent before the first command."""
    url = settings.url.get_secret_value()
    if settings.cluster:
        return redis.asyncio.RedisCluster.from_url(
            url, socket_timeout=settings.timeout, socket_connect_timeout=settings.timeout
        )
    return redis.asyncio.Redis.from_url(url, socket_timeout=settings.timeout, socket_connect_timeout=settings.timeout)


@contextmanager
def outages_translated() -> Iterator[None]:
    """Turns what a dead, slow or recovering Redis raises into OutageError; a wrong command of ours stays as it is."""
    try:
        yield
    except (ConnectionError, TimeoutError, ClusterDownError, ClusterError, OSError) as error:
        raise OutageError(f"Redis does not answer: {type(error).__name__}") from error
    except ResponseError as error:
        if str(error).startswith(_PASSING):
            raise OutageError(f"Redis cannot serve now: {str(error).split(maxsplit=1)[0]}") from error
        raise
    except RedisError as error:
        raise OutageError(f"Redis failed: {type(error).__name__}") from error
