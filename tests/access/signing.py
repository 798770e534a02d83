"""Keys and tokens for the tests of viewers' tokens."""

import time
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SECRET = "k" * 32
RSA_KEY = rsa.generate_private_key(65_537, 2_048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def public_pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwk(key: PrivateKey, **members: Any) -> dict[str, Any]:
    """The public key as a member of a key set."""
    if isinstance(key, rsa.RSAPrivateKey):
        return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), **members}
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), **members}


def key_set(*keys: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"keys": keys})


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a good token, valid now; None leaves a claim out."""
    now = int(time.time())
    all_ = {"sub": "u1", "tenant": "acme", "fleets": ["acme"], "iat": now, "exp": now + 600, **changed}
    return {name: value for name, value in all_.items() if value is not None}


def signed(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", key_id: str | None = None) -> str:
    """By PyJWT, so that what is read is not only what we write."""
    return jwt.encode(claims, key, algorithm=algorithm, headers=None if key_id is None else {"kid": key_id})


def signed_bytes(payload: bytes) -> str:
    """With the secret, whatever the payload is."""
    return jwt.PyJWS().encode(payload, SECRET, algorithm="HS256")
