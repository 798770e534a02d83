"""What may be set for Web Push."""

import base64
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from py_vapid import Vapid02, VapidException
from pydantic import Field, SecretStr, model_validator

from runtime.settings import Section


class WebPushSettings(Section, section="WEBPUSH"):
    """How push services know us (VAPID, RFC 8292)."""

    key: SecretStr = Field(
        description="The private key of VAPID: of P-256, in PEM, or its 32 bytes in base64url as Web Push tools write "
        "it. Browsers subscribe with its public half; subscriptions made with another are no use. In a file with "
        "WEBPUSH_KEY_FILE."
    )
    subject: str = Field(
        description="Whom a push service may turn to: `mailto:somebody@example.com`, or an https: address."
    )
    loopback: bool = Field(
        default=False,
        description="Send to this machine too (127.0.0.1, localhost), also without TLS: for development.",
    )
    connections: int = Field(default=100, ge=1, le=10_000, description="Most connections at a time.")
    service_connections: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Most connections to one push service at a time, so that one that hangs leaves some for others.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            vapid = self.vapid()
        except (ValueError, TypeError) as error:
            raise ValueError("key: not a private key of P-256 in PEM or base64url") from error
        try:
            vapid.sign({"aud": "https://push.example.com", "sub": self.subject})
        except VapidException as error:
            raise ValueError("subject: neither mailto: nor https:") from error
        return self

    def vapid(self) -> Vapid02:
        """The key as py_vapid knows it. Raises ValueError or TypeError when it is wrong."""
        given = self.key.get_secret_value().strip()
        if given.startswith("-----BEGIN"):
            key = load_pem_private_key(given.encode(), password=None)
            if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
                raise ValueError("not of P-256")
            return Vapid02(key)
        number = base64.b64decode(given.rstrip("=") + "=", altchars=b"-_", validate=True)
        if len(number) != 32:
            raise ValueError("not 32 bytes")
        return Vapid02(derive_private_key(int.from_bytes(number, "big"), SECP256R1()))

    @property
    def public_key(self) -> str:
        """What browsers subscribe with (`applicationServerKey`), in base64url."""
        point: bytes = self.vapid().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
