"""How to reach Redis."""

from pydantic import Field, SecretStr

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
