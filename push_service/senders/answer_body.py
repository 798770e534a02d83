"""Reading what a provider answers, within bounds: it may be a proxy that answers, or anybody."""

import aiohttp


async def beginning(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body; of one that is longer than `most` bytes, its beginning. The rest is not waited for."""
    if answer.content.is_eof():  # as a rule it came together with the headers
        return answer.content.read_nowait(most)
    said = b""
    async for chunk in answer.content.iter_any():
        said += chunk
        if len(said) > most:
            break
    return said[:most]
