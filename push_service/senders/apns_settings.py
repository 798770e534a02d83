"""What may be set for APNs."""

from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, SecretStr, model_validator

from runtime.settings import Section

_HOST = r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"


class ApnsSettings(Section, section="APNS"):
    """Whose apps are sent to, and by which key."""

    team_id: str = Field(pattern=r"^[A-Z0-9]{10}$", description="The team of the developer account.")
    key_id: str = Field(pattern=r"^[A-Z0-9]{10}$", description="The id of the signing key.")
    key: SecretStr = Field(description="The signing key, the `.p8` that Apple gives out; in a file with APNS_KEY_FILE.")
    topics: list[str] = Field(
        min_length=1,
        description="The bundle ids of the apps, comma-separated. An installation whose `app` is one of them is "
        "sent to as that, any other as the first.",
    )
    production: str = Field(
        default="api.push.apple.com", pattern=_HOST, description="Apple's service for released apps, `host[:port]`."
    )
    sandbox: str = Field(
        default="api.sandbox.push.apple.com",
        pattern=_HOST,
        description="Apple's service for apps under development, `host[:port]`.",
    )
    ca: str | None = Field(
        default=None,
        description="Certificates to trust instead of the system's, in PEM; in a file with APNS_CA_FILE.",
    )
    connections: int = Field(default=4, ge=1, le=100, description="Most connections to each of the services.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            key = load_pem_private_key(self.key.get_secret_value().encode(), password=None)
        except (ValueError, TypeError) as error:
            raise ValueError("key: not a private key in PEM") from error
        if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("key: not a key for ES256")
        if self.ca is not None:
            try:
                x509.load_pem_x509_certificates(self.ca.encode())
            except ValueError as error:
                raise ValueError("ca: no certificate in PEM") from error
        return self
