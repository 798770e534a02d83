"""A wrong address of Redis is told at start, and never repeated."""

import pytest
from pydantic import ValidationError

from storage.redis.settings import RedisSettings


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://user:pass@h:1/2", "redis://h?socket_keepalive=yes"])
def test_an_address_of_redis_is_taken(url: str) -> None:
    assert RedisSettings.model_validate({"url": url}).url.get_secret_value() == url


@pytest.mark.parametrize("url", ["http://u:s3cret@h:1", "s3cret", "", "redis://:s3cret@h:99999/0"])
def test_any_other_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RedisSettings.model_validate({"url": url})
    assert "is not a redis:// or rediss:// address" in str(refused.value)
    assert "s3cret" not in str(refused.value)
