"""Names are resolved to public addresses alone, so that nobody has us send into our own network.

The connection is made to the very addresses that were looked at here: a name that changes in between changes nothing.
"""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OSError):
    """A name has no address that may be sent to."""


class PublicResolver(AbstractResolver):
    """Another resolver's answers without what is not public. With `loopback`, this machine is allowed."""

    def __init__(self, inner: AbstractResolver, *, loopback: bool) -> None:
        self._inner = inner
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises AddressRefused, or OSError when there is no answer."""
        found = await self._inner.resolve(host, port, family)
        allowed = [each for each in found if self._allows(ipaddress.ip_address(each["host"].partition("%")[0]))]
        if not allowed:
            raise AddressRefused("the name has no public address")
        return allowed

    async def close(self) -> None:
        """Close the other one."""
        await self._inner.close()

    def _allows(self, address: Address) -> bool:
        return is_public(address) or (self._loopback and address.is_loopback)


def is_public(address: Address) -> bool:
    """Whether it is one of the Internet's, also behind the forms in which IPv6 carries an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(inside)
    return address.is_global and not address.is_multicast
