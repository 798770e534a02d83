"""Why we end a subscription. Restated from centrifuge's unsubscribe.go and the SDKs' rule for codes:

Below 2500 the SDK stays unsubscribed; from 2500 on it subscribes again, with its position.
"""

import msgspec


class Unsubscribe(msgspec.Struct, frozen=True):
    """A code and a reason for people."""

    code: int
    reason: str


BY_SERVER = Unsubscribe(2000, "server unsubscribe")
NOT_PERMITTED = Unsubscribe(2001, "permission withdrawn")
"""Of our own: the token of the subscription was revoked, or a refresh brought one that does not open the channel."""
EXPIRED = Unsubscribe(2501, "subscription expired")
