"""Settings of the server API."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from domain.ids import is_id
from runtime.settings import Section

MIN_KEY_CHARACTERS = 16
EVERY_TENANT = "*"
_KIB = 1024
_MIB = 1024 * _KIB


class ServerApiSettings(Section, section="API"):
    """Who may use the gateway's server API, and its bounds."""

    allow_weak_keys: bool = Field(
        default=False, description="Accept shorter keys. For test suites that bring their own; never for people's data."
    )
    keys: SecretStr = Field(
        default=SecretStr(""),
        description="`tenant:key` pairs, comma-separated; a key has 16 characters or more and opens its tenant alone. "
        "A tenant may have several. `*:key` opens every tenant: for development. Without keys all are refused.",
    )
    body_bytes: int = Field(default=_MIB, ge=_KIB, description="Longest body, as sent and once inflated; then 413.")
    body_seconds: float = Field(default=10.0, gt=0, description="What a body may take to arrive; then 408.")
    requests: int = Field(default=256, ge=1, description="Requests worked on at the same time; then 503.")
    batch_commands: int = Field(default=1_000, ge=1, description="Most commands of a batch.")
    broadcast_channels: int = Field(default=1_000, ge=1, description="Most channels of a broadcast.")
    publication_bytes: int = Field(default=64 * _KIB, ge=1, description="Longest data of a publication.")

    @field_validator("keys")
    @classmethod
    def _are_pairs(cls, keys: SecretStr, info: ValidationInfo) -> SecretStr:
        for number, (tenant, key) in enumerate(key_pairs(keys), start=1):
            if tenant != EVERY_TENANT and (not is_id(tenant) or "." in tenant):
                raise ValueError(f"pair {number} does not begin with a tenant and a colon")
            if len(key) < MIN_KEY_CHARACTERS and not info.data.get("allow_weak_keys"):
                raise ValueError(f"the key of pair {number} has fewer than {MIN_KEY_CHARACTERS} characters")
        return keys


def key_pairs(keys: SecretStr) -> list[tuple[str, str]]:
    """The tenants and their keys, as they stand in the setting."""
    pairs = (pair.strip().partition(":") for pair in keys.get_secret_value().split(",") if pair.strip())
    return [(tenant, key) for tenant, _, key in pairs]
