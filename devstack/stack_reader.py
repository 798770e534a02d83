"""`var/stack.json`, as the programs that only use the stack read it."""

from pathlib import Path

import msgspec


class StackFileError(Exception):
    """There is no running stack, or its file is not what it should be."""


class StackFile(msgspec.Struct):
    """The part of it that clients of the public API and the page need."""

    ingest_url: str
    gateway_url: str
    control_url: str
    fleet: str
    backend_credential: str
    viewer: str
    viewer_jwt: str


def read_stack_file(path: Path) -> StackFile:
    """Raises StackFileError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=StackFile)
    except FileNotFoundError:
        raise StackFileError(f"the stack is not running: there is no {path}") from None
    except (msgspec.MsgspecError, OSError) as error:
        raise StackFileError(f"{path} cannot be read: {error}") from None
