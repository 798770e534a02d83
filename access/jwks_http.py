"""Fetches a key set by HTTP."""

import aiohttp

from access.jwks import MAX_JWKS_BYTES
from domain.errors import OutageError

_HEADERS = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}


class JwksUnavailable(OutageError):
    """The answer was not a key set. The message does not repeat it, nor the address."""


class HttpJwks:
    """The key set at an address. Redirects are not followed: the keys come from where the operator said.

    The session is its maker's to close; whoever calls gives the time limit.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def fetch(self) -> bytes:
        """The document. Raises JwksUnavailable."""
        try:
            async with self._session.get(self._url, headers=_HEADERS, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise JwksUnavailable(f"the key set's address answered {answer.status}")
                return await _body(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise JwksUnavailable(f"the key set's address cannot be read ({type(error).__name__})") from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > MAX_JWKS_BYTES:
            raise JwksUnavailable(f"the key set has more than {MAX_JWKS_BYTES} bytes")
    return bytes(body)
