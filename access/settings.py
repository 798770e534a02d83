"""Settings of who may."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from access.pem_keys import read_pem_keys
from access.token_key import secret_key
from domain.ids import ID_RULE, is_id
from runtime.settings import Section

MIN_HMAC_BYTES = 32
"""RFC 7518 section 3.2: the key of HS256 is at least as long as its hash."""
_HERE = ("localhost", "127.0.0.1", "::1")


class AccessSettings(Section, section="ACCESS"):
    """How the tokens of viewers are checked: by a secret (HS256), by public keys, or by a published key set (RS256,
    ES256). At least one of the three is needed; several may be given."""

    jwt_hmac_secret: SecretStr | None = Field(
        default=None,
        description="Key of HS256 for viewers' tokens, at least 32 bytes, such as from `openssl rand -hex 32`.",
    )
    jwt_public_keys: str | None = Field(
        default=None,
        description="Public keys as PEM, up to 10 after each other: RSA for RS256, EC on P-256 for ES256.",
    )
    jwt_jwks_url: str | None = Field(
        default=None,
        description="Where the identity provider publishes its key set (RFC 7517); https, or http on this machine. "
        "The process is ready once it was read; later the keys last read keep working while it is away.",
    )
    jwt_jwks_refresh_seconds: float = Field(
        default=300.0,
        ge=1,
        le=86_400,
        description="How often the key set is read again; a withdrawn key works as long.",
    )
    jwt_jwks_pause_seconds: float = Field(
        default=2.0, ge=0.1, le=60, description="The key set is never read more often, whatever tokens come."
    )
    jwt_jwks_timeout_seconds: float = Field(
        default=2.0, gt=0, le=60, description="What reading the key set may take; a token with a new key waits for it."
    )
    jwt_issuer: str | None = Field(default=None, description="If given, a token's `iss` must be this.")
    jwt_audience: str | None = Field(
        default=None,
        description="If given, a token's `aud` must be or hold this. If not, a token that names any is refused.",
    )
    jwt_leeway_seconds: float = Field(
        default=60.0, ge=0, le=600, description="How far ahead of ours the issuer's clock may be: for `iat` and `nbf`."
    )
    jwt_require_expiry: bool = Field(default=True, description="Refuse tokens without `exp`: they would never end.")
    default_tenant: str | None = Field(
        default=None, description="The tenant of tokens that name none, and of connections without a token."
    )
    anonymous: bool = Field(
        default=False,
        description="Let in who has no token, or one without `sub`. What such a viewer may see, tokens of "
        "subscriptions say (the public link of an order).",
    )
    allow_weak_secret: bool = Field(
        default=False,
        description="Accept a shorter key. For test suites that bring their own; never for people's data.",
    )

    @field_validator("jwt_public_keys")
    @classmethod
    def _are_keys(cls, text: str | None) -> str | None:
        if text is not None:
            read_pem_keys(text)
        return text

    @field_validator("jwt_jwks_url")
    @classmethod
    def _is_safe(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
                raise ValueError("must begin with https://: whoever can change the keys can sign any token")
            if not parts.hostname or parts.username is not None:
                raise ValueError("must name a host, and no user")
        return url

    @field_validator("default_tenant")
    @classmethod
    def _is_tenant(cls, tenant: str | None) -> str | None:
        if tenant is not None and (not is_id(tenant) or "." in tenant):
            raise ValueError(f"a tenant is {ID_RULE}, without a dot")
        return tenant

    @model_validator(mode="after")
    def _is_strong(self) -> Self:
        if self.jwt_hmac_secret is not None:
            secret = self.jwt_hmac_secret.get_secret_value().encode()
            secret_key(secret)
            if (length := len(secret)) < MIN_HMAC_BYTES and not self.allow_weak_secret:
                raise ValueError(f"JWT_HMAC_SECRET has {length} bytes; HS256 needs {MIN_HMAC_BYTES} or more")
        if self.jwt_hmac_secret is None and self.jwt_public_keys is None and self.jwt_jwks_url is None:
            raise ValueError(
                "nothing checks tokens: give JWT_HMAC_SECRET, JWT_PUBLIC_KEYS or JWT_JWKS_URL (or each as ..._FILE)"
            )
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
