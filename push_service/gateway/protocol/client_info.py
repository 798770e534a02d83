"""Who a client is, as other clients see it: in presence, joins, leaves, and with what it published."""

import msgspec

from push_service.gateway.protocol.commands import NO_DATA


class ClientInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """One connection of a user."""

    user: str
    client: str
    conn_info: msgspec.Raw = NO_DATA
    """JSON about the connection, from its token."""
    chan_info: msgspec.Raw = NO_DATA
    """JSON about its subscription."""
