"""Settings of the schema registry."""

import ssl
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from urllib3.util import parse_url

from runtime.settings import Section


class RegistrySettings(Section, section="REGISTRY"):
    """Any registry with Confluent's REST routes: Confluent, Karapace, Apicurio (its `/apis/ccompat/v7`)."""

    url: str = Field(description="Address of the schema registry, such as https://registry.example.com:8081.")
    username: str | None = Field(None, description="User name for HTTP basic authentication.")
    password: SecretStr | None = Field(None, description="Password for HTTP basic authentication.")
    ca_file: str | None = Field(
        None, description="File of the certificate authorities to trust (PEM); without it the system's."
    )
    timeout_seconds: float = Field(5.0, gt=0, le=60, description="Longest wait for the registry, for each request.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parsed = parse_url(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("must be an http:// or https:// address")
        if parsed.auth is not None:
            raise ValueError("must not hold credentials: set USERNAME and PASSWORD")
        return url.rstrip("/")

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, path: str | None) -> str | None:
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"cannot be read as certificates ({error.strerror or error})") from error
        return path

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password are given together or not at all")
        return self
