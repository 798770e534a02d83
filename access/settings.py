"""Settings of who may."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from runtime.settings import Section

MIN_HMAC_BYTES = 32
"""RFC 7518 section 3.2: the key of HS256 is at least as long as its hash."""


class AccessSettings(Section, section="ACCESS"):
    """How the tokens of viewers are signed and checked."""

    jwt_hmac_secret: SecretStr = Field(
        description="Key of HS256 for viewers' tokens, at least 32 bytes, such as from `openssl rand -hex 32`."
    )
    allow_weak_secret: bool = Field(
        default=False,
        description="Accept a shorter key. For test suites that bring their own; never for people's data.",
    )

    @model_validator(mode="after")
    def _is_strong(self) -> Self:
        length = len(self.jwt_hmac_secret.get_secret_value().encode())
        if length < MIN_HMAC_BYTES and not self.allow_weak_secret:
            raise ValueError(f"JWT_HMAC_SECRET has {length} bytes; HS256 needs {MIN_HMAC_BYTES} or more")
        return self


class CredentialsSettings(Section, section="CREDENTIALS"):
    """The cache of credentials in each process that checks them."""

    cached: int = Field(default=100_000, ge=1, description="Credentials kept in memory, about 1 KB each.")
    cached_unknown: int = Field(default=10_000, ge=1, description="Ids kept in memory that no credential has.")
    poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often PostgreSQL is asked what was revoked or changed."
    )
    refresh_seconds: float = Field(
        default=300.0, gt=0, description="When a kept credential is read again although no change was told."
    )
    unknown_seconds: float = Field(
        default=2.0, gt=0, description="How long an id that no credential has is not looked up again."
    )
    outage_seconds: float = Field(
        default=900.0,
        ge=0,
        description="How long kept credentials still work when PostgreSQL is away; revocations wait as long.",
    )
    lookups: int = Field(default=4, ge=1, description="Look-ups in PostgreSQL at the same time.")
    lookups_waiting: int = Field(default=500, ge=1, description="Look-ups that may wait for their turn; then 503.")
    lookup_seconds: float = Field(default=2.0, gt=0, description="What a look-up may take, waiting included; then 503.")
