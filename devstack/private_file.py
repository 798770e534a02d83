"""Files that hold secrets."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    new.replace(path)


def kept_secret(path: Path) -> str:
    """The random secret in this file, of 256 bits in 43 characters fit for an address; made when it is not there."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text()
