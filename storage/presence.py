"""Who is where: entries of live connections, kept for all gateways together.

A *place* is a channel, or a user: its entries are the connections that follow the channel, or that are the user's.
Each entry belongs to a gateway and counts only while that gateway's *lease* does. So a gateway that dies takes all its
entries with it, and keeping any number of them alive costs one write for each gateway and interval.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """One connection at one place."""

    client: str
    """The connection's id."""
    user: str
    value: bytes
    """What is told of it, JSON."""


class Change(NamedTuple):
    """An entry that a gateway sets, or removes when `value` is None."""

    place: str
    """A key of `storage.redis.keys`: `presence` of a channel, or `connections` of a user."""
    client: str
    user: str
    value: bytes | None


class Counted(NamedTuple):
    """How many are at a place."""

    clients: frozenset[str]
    users: frozenset[str]


class PresenceStore(Protocol):
    """What gateways share. Every method raises OutageError while the store is away."""

    async def renew(self, gateway: str, seconds: float) -> bool:
        """The gateway lives, for so long from now. False: it had no lease any more, and may have lost its entries."""

    async def end(self, gateway: str) -> None:
        """The gateway's lease is over, and so are its entries."""

    async def write(self, gateway: str, changes: Sequence[Change]) -> None:
        """Sets and removes entries of the gateway. They are forgotten about a day after a place was last written to."""

    async def read(self, place: str, *, but: str, at_most: int) -> list[Entry] | None:
        """The entries of all live gateways but one, who knows its own better. None: there are more than `at_most`."""

    async def last_seen(self, place: str) -> int | None:
        """When an entry of a user's `connections` was last removed, Unix milliseconds; None: not within 30 days.

        What a gateway did not remove because it died is not known.
        """

    async def count(self, place: str, *, but: str) -> Counted:
        """Who is there, without what is told of them."""
