"""Redis in both of its forms: what is stored must be the same on one server and on a cluster."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from storage.redis.settings import RedisSettings
from tests.storage.redis_cluster import ValkeyCluster, valkey_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    with valkey_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def single(redis_url: str) -> RedisSettings:
    """One server, empty."""
    return RedisSettings(url=SecretStr(redis_url))


@pytest.fixture
def clustered(cluster: ValkeyCluster) -> RedisSettings:
    """A cluster, empty."""
    cluster.empty()
    return RedisSettings(url=SecretStr(cluster.url), cluster=True)


@pytest.fixture(params=["single", "clustered"])
def redis_settings(request: pytest.FixtureRequest) -> RedisSettings:
    """Either of them."""
    settings: RedisSettings = request.getfixturevalue(request.param)
    return settings
