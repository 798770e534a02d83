"""A person or a program that watches."""

import enum

import msgspec

from domain.instants import Micros


class Capability(enum.StrEnum):
    """What a token may allow. Names that are not here are kept and allow nothing."""

    WATCH = "watch"
    """Subscribe to the channels of the token's fleets."""


class Viewer(msgspec.Struct, frozen=True):
    """Who is watching, as a valid token says."""

    user: str
    tenant: str
    fleets: frozenset[str]
    """All of the tenant."""
    capabilities: frozenset[str]
    expires_at: Micros
