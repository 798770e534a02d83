"""How to reach Redis."""

from pydantic import Field, SecretStr, field_validator
from redis.connection import parse_url

from runtime.settings import Section


class RedisSettings(Section, section="REDIS"):
    """Redis 6.2 or later, or Valkey."""

    url: SecretStr = Field(
        description="`redis://` or `rediss://` (TLS) URL, with user, password and database number where needed."
    )
    cluster: bool = Field(default=False, description="Whether the URL names a node of a cluster.")
    timeout: float = Field(
        default=5.0, gt=0, le=60, description="Seconds after which a connection attempt or a command has failed."
    )

    @field_validator("url")
    @classmethod
    def _is_redis(cls, url: SecretStr) -> SecretStr:
        try:
            parse_url(url.get_secret_value())  # type: ignore[no-untyped-call]  # the library ships none
        except ValueError:
            # The library's message may quote what it was given.
            raise ValueError("is not a redis:// or rediss:// address") from None
        return url
