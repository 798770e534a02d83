"""Posting to a provider, and reading what it answers within bounds: it may be a proxy that answers, or anybody."""

from collections.abc import Mapping

import aiohttp
from yarl import URL


async def post(
    session: aiohttp.ClientSession, url: URL, body: bytes, headers: Mapping[str, str], most: int
) -> tuple[aiohttp.ClientResponse, bytes]:
    """The answer, and what it says; of more than `most` bytes, the beginning. A redirect is an answer too.

    Raises what aiohttp raises.
    """
    # Awaited and released by hand: as a context manager it goes through five coroutines more.
    answer = await session.post(url, data=body, headers=headers, allow_redirects=False)
    try:
        return answer, await _beginning(answer, most)
    finally:
        answer.release()


async def _beginning(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The rest is not waited for."""
    if answer.content.is_eof():  # as a rule it came together with the headers
        return answer.content.read_nowait(most)
    said = b""
    async for chunk in answer.content.iter_any():
        said += chunk
        if len(said) > most:
            break
    return said[:most]
