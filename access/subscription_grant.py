"""What a subscription's token opens: one channel, for one user, or for everybody who has it (a public link)."""

import msgspec

from access.capabilities import MAX_CHANNEL_CHARACTERS, NAMED, Permission
from access.claim_rules import micros
from access.claims import SubscriptionClaims, bad_claim, read_info
from access.viewer import Viewer
from domain.instants import Micros


class SubscriptionGrant(msgspec.Struct, frozen=True):
    """One channel, as a valid token of a subscription opens it."""

    channel: str
    tenant: str
    """The channel's."""
    user: str
    """Empty for a public link."""
    permissions: frozenset[Permission]
    """SUB always."""
    expires_at: Micros
    """When the subscription ends without a new token; NEVER if it does not."""
    info: bytes | None = None
    """JSON, shown to others on this channel."""
    issued_at: Micros | None = None
    token_id: str | None = None


def grant_of(
    claims: SubscriptionClaims, ends_at: Micros, *, channel: str, tenant: str, viewer: Viewer, client: str
) -> SubscriptionGrant:
    """What checked claims open for a viewer who asks for `channel`, which is `tenant`'s. Raises TokenError.

    A token with a `sub` is for that user of the channel's tenant alone. One without is a public link: anybody may use
    it, except users of other tenants. Which channel the token is for is not told to who asks for another.
    """
    if not 1 <= len(claims.channel) <= MAX_CHANNEL_CHARACTERS or claims.channel != channel:
        raise bad_claim("the token is for another channel")
    if claims.tenant not in (None, tenant):
        raise bad_claim("the token is for another tenant")
    if viewer.tenant not in ("", tenant) or (claims.sub and not viewer.tenant):
        raise bad_claim("the channel is another tenant's")
    if claims.sub and claims.sub != viewer.user:
        raise bad_claim("the token is for another user")
    if claims.client is not None and claims.client != client:
        raise bad_claim("the token is for another connection")
    return SubscriptionGrant(
        channel=channel,
        tenant=tenant,
        user=claims.sub,
        permissions=_permissions(claims.allow),
        expires_at=ends_at,
        info=read_info(claims.info),
        issued_at=micros(claims.iat),
        token_id=claims.jti,
    )


def _permissions(allow: list[str] | None) -> frozenset[Permission]:
    if allow is None:
        return NAMED
    return frozenset({Permission.SUB, *(each for each in Permission if each in allow)})
