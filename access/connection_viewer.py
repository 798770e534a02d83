"""From the claims of a connection's token to a viewer."""

from access.capabilities import (
    MAX_CAPS,
    MAX_CHANNEL_CHARACTERS,
    MAX_PATTERNS,
    CapabilityError,
    ChannelCap,
    channel_cap,
)
from access.claim_rules import micros
from access.claims import ConnectionClaims, bad_claim, read_info
from access.settings import AccessSettings
from access.viewer import Capability, Viewer
from domain.ids import is_id, tenant_of
from domain.instants import Micros

MAX_FLEETS = 500
MAX_CAPABILITIES = 50
MAX_CHANNELS = 100
"""To subscribe to on connect."""
_WATCH = frozenset({str(Capability.WATCH)})


def viewer_of(claims: ConnectionClaims, ends_at: Micros, settings: AccessSettings) -> Viewer:
    """Who checked claims say is watching. Raises TokenError."""
    if claims.channel is not None:
        raise bad_claim("this is the token of a subscription")
    if not claims.sub and not settings.anonymous:
        raise bad_claim("sub is missing")
    tenant = claims.tenant or settings.default_tenant
    if tenant is None:
        raise bad_claim("tenant is missing")
    if len(claims.fleets) > MAX_FLEETS:
        raise bad_claim(f"over {MAX_FLEETS} fleets")
    for fleet in claims.fleets:
        if not is_id(fleet) or tenant_of(fleet) != tenant:
            raise bad_claim("fleets are not all fleets of the tenant")
    return Viewer(
        user=claims.sub,
        tenant=tenant,
        fleets=frozenset(claims.fleets),
        capabilities=_capabilities(claims),
        expires_at=ends_at,
        caps=_caps(claims),
        channels=_channels(claims),
        info=read_info(claims.info),
        issued_at=micros(claims.iat),
        token_id=claims.jti,
    )


def _capabilities(claims: ConnectionClaims) -> frozenset[str]:
    if claims.capabilities is None:
        return _WATCH if claims.caps is None else frozenset()
    if len(claims.capabilities) > MAX_CAPABILITIES:
        raise bad_claim(f"over {MAX_CAPABILITIES} capabilities")
    named = frozenset(claims.capabilities)
    return _WATCH if named == _WATCH else named  # most tokens: one set for all of them


def _caps(claims: ConnectionClaims) -> tuple[ChannelCap, ...]:
    caps = claims.caps
    if not caps:
        return ()
    if len(caps) > MAX_CAPS or sum(len(each.channels) for each in caps) > MAX_PATTERNS:
        raise bad_claim(f"over {MAX_CAPS} caps or {MAX_PATTERNS} channels in them")
    try:
        return tuple(channel_cap(each.channels, each.match, each.allow) for each in caps)
    except CapabilityError as error:
        raise bad_claim(f"caps: {error}") from None


def _channels(claims: ConnectionClaims) -> tuple[str, ...]:
    if not claims.channels and not claims.subs:
        return ()
    channels = tuple(dict.fromkeys([*claims.channels, *claims.subs]))
    if len(channels) > MAX_CHANNELS or not all(1 <= len(each) <= MAX_CHANNEL_CHARACTERS for each in channels):
        raise bad_claim(f"channels are at most {MAX_CHANNELS}, of 1 to {MAX_CHANNEL_CHARACTERS} characters")
    return channels
