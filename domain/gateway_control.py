"""Orders to all gateways about the connections of a user."""

import enum

import msgspec

from domain.instants import Micros


class ControlKind(enum.StrEnum):
    """What to do."""

    UNKNOWN = "unknown"
    """Of a newer version of the platform: nothing to be done here."""
    DISCONNECT = "disconnect"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    REFRESH = "refresh"
    """The connections end at another instant than their tokens said."""
    REVOKE_USER = "revoke_user"
    """The user's tokens that were issued before an instant no longer count, on this connection or a later one."""
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 a name
    """The token of this id no longer counts."""


REVOCATIONS = frozenset({ControlKind.REVOKE_USER, ControlKind.REVOKE_TOKEN})
"""Kinds that stay; all others are about the connections of the moment."""


class GatewayControl(msgspec.Struct, frozen=True):
    """One order, a record of `gateway.control.v1`. It touches connections of its tenant alone."""

    id: str
    kind: ControlKind
    tenant: str
    ordered_at: Micros
    """Connections made later are left alone, unless it is a revocation."""
    user: str = ""
    """Empty for a token's revocation."""
    client: str | None = None
    """The one connection that it is about; None: all of the user's."""
    session: str | None = None
    """The one session that it is about; None: all of the user's."""
    except_clients: list[str] = []
    """Connections that a disconnect leaves alone."""
    channel: str | None = None
    token_id: str | None = None
    """The token's `jti`."""
    issued_before: Micros | None = None
    """Of a user's revocation; None: `ordered_at`."""
    expires_at: Micros | None = None
    """When a revocation may be forgotten, or when the connection or subscription ends; None: never."""
    code: int = 0
    """For clients; 0: the usual one."""
    reason: str = ""
    info: bytes | None = None
    """JSON about the subscriber, of a subscribe."""
    data: bytes | None = None
    """JSON for the subscriber, of a subscribe."""

    @property
    def key(self) -> str:
        """The Kafka key: `kind/tenant/user`, of a token's revocation `kind/tenant/token`.

        So a later revocation of a user takes the place of an earlier one, and a disconnect never does.
        """
        about = self.token_id if self.kind is ControlKind.REVOKE_TOKEN else self.user
        return f"{self.kind}/{self.tenant}/{about}"
