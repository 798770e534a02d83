"""Keys and certificates of the fakes: a service account, an APNs signing key, and a CA with a certificate for APNs."""

import datetime
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from devstack.private_file import write_private

PROJECT = "fleetcast-demo"
ACCOUNT = f"push@{PROJECT}.iam.gserviceaccount.com"
TEAM_ID, KEY_ID, TOPIC = "FLEETCAST1", "DEMOKEY001", "example.fleetcast.driver"
VALID = datetime.timedelta(days=3650)
_PEM, _PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
_PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True)
class KeyFiles:
    """Where they are, below one directory."""

    directory: Path

    @property
    def fcm_credentials(self) -> Path:
        return self.directory / "fcm-credentials.json"

    @property
    def apns_key(self) -> Path:
        return self.directory / "apns-key.p8"

    @property
    def ca(self) -> Path:
        return self.directory / "apns-ca.pem"

    @property
    def server(self) -> Path:
        """Certificate and key of the fake APNs."""
        return self.directory / "apns-server.pem"

    @property
    def _account_key(self) -> Path:
        return self.directory / "fcm-account.pem"

    def make(self, token_url: str) -> None:
        """Those that are not there yet; the credentials always, for they name the token service."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self.server.exists():
            self._make_certificates()
            write_private(self.apns_key, _private(ec.generate_private_key(ec.SECP256R1())))
            write_private(self._account_key, _private(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "demo",
            "private_key": self._account_key.read_text(),
            "client_email": ACCOUNT,
            "token_uri": token_url,
        }
        write_private(self.fcm_credentials, json.dumps(account))

    def account(self) -> "ServiceAccount":
        """As the token service knows it."""
        return ServiceAccount(_public(self._account_key))

    def signer(self) -> "ApnsSigner":
        """As APNs knows it."""
        return ApnsSigner(_public(self.apns_key))

    def _make_certificates(self) -> None:
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca_name, name = _name("Fleetcast local CA"), _name("fake APNs")
        limits = x509.BasicConstraints(ca=True, path_length=0)
        ca = _certificate(ca_name, ca_name, ca_key).add_extension(limits, critical=True).sign(ca_key, hashes.SHA256())
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        issued = _certificate(name, ca_name, key).add_extension(names, critical=False).sign(ca_key, hashes.SHA256())
        write_private(self.ca, ca.public_bytes(_PEM).decode())
        write_private(self.server, issued.public_bytes(_PEM).decode() + _private(key))


@dataclass(frozen=True)
class ServiceAccount:
    """The public half of the service account."""

    public_key: str

    def signed(self, assertion: str) -> bool:
        """Whether the account has signed this, not long ago."""
        try:
            claims = jwt.decode(assertion, self.public_key, ["RS256"], options={"verify_aud": False})
        except jwt.InvalidTokenError:
            return False
        return claims.get("iss") == ACCOUNT and "firebase.messaging" in claims.get("scope", "")


@dataclass(frozen=True)
class ApnsSigner:
    """The public half of the team's signing key."""

    public_key: str

    def issued_at(self, header: str) -> int | None:
        """When the provider token in an `authorization` header was made; None: it is none of this team's."""
        token = header.removeprefix("bearer ")
        try:
            claims = jwt.decode(token, self.public_key, ["ES256"], options={"verify_iat": False})
            known = jwt.get_unverified_header(token).get("kid") == KEY_ID and claims.get("iss") == TEAM_ID
            return int(claims["iat"]) if known else None
        except (jwt.InvalidTokenError, KeyError, ValueError):
            return None


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption()).decode()


def _public(path: Path) -> str:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    return key.public_key().public_bytes(_PEM, _PUBLIC).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID)
    )
