"""`stack.json`: where everything of the running local stack is, for anybody's scripts."""

import contextlib
from pathlib import Path

import msgspec

from devstack.private_file import write_private

FILE = "stack.json"


class DeviceKey(msgspec.Struct, frozen=True):
    """A device and its credential."""

    id: str
    credential: str


class StackFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file. It holds secrets, of the local stack alone; it is there only while all is ready."""

    ingest_url: str
    grpc_target: str
    """host:port of ingest's gRPC interface."""
    gateway_url: str
    control_url: str
    """Of the control API: people's inboxes and all else that is theirs, and `/operators`."""
    map_url: str
    phone_url: str
    """The page of the fake phones; what their providers answer can be planned there."""
    registry_url: str
    kafka_bootstrap: str
    redis_url: str
    postgres_url: str
    fleet: str
    device: DeviceKey
    backend_credential: str
    viewer: str
    """The user whose token it is."""
    viewer_jwt: str
    api_key: str
    """Of the gateway's server API; it opens every tenant."""
    admin_urls: dict[str, str]
    brokers: int
    pids: dict[str, int]

    def write(self, directory: Path) -> None:
        """Whole or not at all."""
        write_private(directory / FILE, msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n")

    @classmethod
    def read(cls, directory: Path) -> "StackFile | None":
        """None when there is no such file."""
        try:
            return msgspec.json.decode((directory / FILE).read_bytes(), type=cls)
        except FileNotFoundError:
            return None


def remove_stack_file(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        (directory / FILE).unlink()
