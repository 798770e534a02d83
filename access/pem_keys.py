"""Public keys as PEM text (RFC 7468), one or several after each other."""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from access.token_key import BadKey, TokenKey, public_key

MAX_PEM_KEYS = 10
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]+-----END \1-----")


def read_pem_keys(text: str) -> tuple[TokenKey, ...]:
    """The keys of the text. They have no id: each is tried for the tokens of its algorithm. Raises BadKey."""
    blocks = list(_BLOCK.finditer(text))
    if not 1 <= len(blocks) <= MAX_PEM_KEYS:
        raise BadKey(f"there must be 1 to {MAX_PEM_KEYS} PEM blocks, from `-----BEGIN PUBLIC KEY-----` to its END")
    return tuple(_read(number, block) for number, block in enumerate(blocks, 1))


def _read(number: int, block: re.Match[str]) -> TokenKey:
    if "PRIVATE" in block.group(1):
        raise BadKey(f"PEM block {number} is a private key, which has no business here: give the public one")
    try:
        return public_key(load_pem_public_key(block.group().encode()))
    except BadKey as error:
        raise BadKey(f"PEM block {number}: {error}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey(f"PEM block {number} is not a public key") from None
