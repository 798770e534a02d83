"""Settings of the fallback transports."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from runtime.settings import Section

_MIN_KEY_CHARACTERS = 16


class StreamSettings(Section, section="STREAMS"):
    """The gateway's fallback transports: how many, and how gateways reach each other for them."""

    max_streams: int = Field(default=5_000, ge=1, description="Open responses that stream; one more is answered 503.")
    body_seconds: float = Field(default=10.0, gt=0, description="What a request's body may take to arrive; then 408.")
    peer_url: str = Field(
        default="",
        description="Where other gateways reach this one, such as http://10.1.2.3:8000: a client's commands may come "
        "in at any gateway, and are forwarded. Clients get to see it. Empty: another gateway answers 404, on which "
        "SDKs connect anew; then let the balancer send a client always to the same gateway.",
    )
    peer_key: SecretStr = Field(
        default=SecretStr(""),
        description="The same for all gateways, 16 characters or more: they forward only to addresses sealed by it.",
    )

    @property
    def sealing_key(self) -> bytes:
        """Of the addresses of gateways; empty when nothing is forwarded."""
        return self.peer_key.get_secret_value().encode()

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        address = urlsplit(self.peer_url)
        if self.peer_url and (address.scheme not in ("http", "https") or not address.netloc or address.path):
            raise ValueError("PEER_URL is not an address such as http://10.1.2.3:8000")
        key = self.peer_key.get_secret_value()
        if key and len(key) < _MIN_KEY_CHARACTERS:
            raise ValueError(f"PEER_KEY has fewer than {_MIN_KEY_CHARACTERS} characters")
        if bool(self.peer_url) != bool(key):
            raise ValueError("PEER_URL and PEER_KEY are given both, or neither")
        return self
