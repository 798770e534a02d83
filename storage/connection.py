"""An open connection of a user, as the registry knows it: what a back end, or who sends to phones, may ask."""

from typing import Any

import msgspec

from domain.errors import PermanentError
from storage.presence import Entry, PresenceStore
from storage.redis.keys import connections

NOBODY = ""
"""As `but`: no gateway is left out."""


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """One socket, or one stream of a fallback transport."""

    gateway: str
    client: str
    """The connection's id, as clients and joins name it."""
    tenant: str
    user: str
    since: int
    """When it was opened, Unix milliseconds."""
    installation: str = ""
    """The app's installation, as it named itself in the connect's data."""
    name: str = ""
    """Name and version of the client library, or what the app put there."""
    version: str = ""
    accepts: tuple[str, ...] = ()
    """What the app says that it can take."""

    def entry(self) -> bytes:
        """As it is stored."""
        return msgspec.json.encode(self)


async def connections_of(store: PresenceStore, tenant: str, user: str, *, at_most: int) -> list[Connection] | None:
    """The open connections of one user on all live gateways. None: more than `at_most`. Raises OutageError."""
    found = await store.read(connections(tenant, user), but=NOBODY, at_most=at_most)
    return None if found is None else [_read(entry) for entry in found]


def _read(entry: Entry) -> Connection:
    try:
        return msgspec.json.decode(entry.value, type=Connection)
    except msgspec.MsgspecError as error:
        raise PermanentError("bad_connection", f"not a connection: {error}") from None


def installation_of(data: Any) -> tuple[str, tuple[str, ...]]:
    """What a connect's data says of the app: `{"installation": ID, "accepts": [...]}`. Anything else says nothing."""
    try:
        app = msgspec.convert(data, _App)
    except msgspec.ValidationError:
        return "", ()
    return app.installation[:128], tuple(each[:32] for each in app.accepts[:20])


class _App(msgspec.Struct, frozen=True):
    installation: str = ""
    accepts: list[str] = []
