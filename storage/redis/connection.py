"""Connections to Redis, and what its errors mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
import redis.asyncio
from redis import exceptions

from domain.errors import OutageError
from storage.redis.settings import RedisSettings

SyncRedis = redis.Redis | redis.RedisCluster
AsyncRedis = redis.asyncio.Redis | redis.asyncio.RedisCluster

# Answers of a server that is there, but cannot serve now: failing over, out of memory, unable to write its file.
_PASSING_ERRORS = (
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.MasterDownError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,
)
_PASSING_CODES = ("BUSY ", "NOREPLICAS ", "MISCONF ")


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
    except exceptions.ResponseError as error:
        if isinstance(error, _PASSING_ERRORS) or str(error).startswith(_PASSING_CODES):
            raise OutageError(f"Redis cannot serve now: {type(error).__name__}") from error
        raise
    except (exceptions.RedisError, OSError) as error:
        raise OutageError(f"Redis does not answer: {type(error).__name__}") from error
