"""Other gateways: where commands go whose session lives there."""

from typing import Protocol

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

log = structlog.get_logger(__name__)

FORWARDED = "Fleetcast-Forwarded"
"""The header of a request that comes from another gateway: it is not forwarded again."""
_TIMEOUT = ClientTimeout(total=5.0, connect=2.0)


class Peers(Protocol):
    """Reaches other gateways."""

    async def forward(self, url: str, body: bytes, content_type: str) -> int | None:
        """Hands an emulation request on. Gives the status it was answered with; None when nothing answered."""


class HttpPeers:
    """Over HTTP, with connections that are kept open. The session's connector bounds how many."""

    def __init__(self, client: ClientSession) -> None:
        self._client = client

    async def forward(self, url: str, body: bytes, content_type: str) -> int | None:
        """See Peers."""
        headers = {"Content-Type": content_type, FORWARDED: "1"}
        try:
            async with self._client.post(url, data=body, headers=headers, timeout=_TIMEOUT) as response:
                return response.status
        except (ClientError, TimeoutError, OSError) as error:
            log.info("another gateway does not answer", url=url, reason=repr(error))
            return None
