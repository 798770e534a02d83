"""A credential as its holder has it: `fc_<id>_<secret>`.

The prefix lets scanners find leaked ones, the id lets us look it up and tell people which one is meant, and the secret
has 160 random bits. Because nobody can guess those, one SHA-256 is enough to store it: slow hashes (bcrypt, Argon2)
protect secrets that people choose, and would cost milliseconds for every request.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

PREFIX = "fc"
_ID_BYTES = 10  # 80 bits: no look-up before making one, the primary key decides
_SECRET_BYTES = 20
_TEXT = re.compile(rf"{PREFIX}_([a-z2-7]{{16}})_([a-z2-7]{{32}})", re.ASCII)


class CredentialText(NamedTuple):
    """The two parts of a credential."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{PREFIX}_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"CredentialText(id={self.id!r})"


def new_credential_text() -> CredentialText:
    """A new id and secret."""
    return CredentialText(_random(_ID_BYTES), _random(_SECRET_BYTES))


def parse_credential(text: str) -> CredentialText | None:
    """The parts of a credential; None if the text is none."""
    match = _TEXT.fullmatch(text)
    return None if match is None else CredentialText(*match.groups())


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret: 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def secret_matches(secret: str, stored: bytes) -> bool:
    """Whether the hash is that of the secret, in a time that does not depend on how much of it is right."""
    return hmac.compare_digest(secret_hash(secret), stored)


def _random(size: int) -> str:
    """Base 32 in small letters: no `_`, no look-alikes, selected whole by a double click."""
    return base64.b32encode(secrets.token_bytes(size)).decode().lower()
