"""Waits until the gateway answers for every channel: the recorder must have begun, or there is no snapshot to give."""

import asyncio
from collections.abc import Sequence

import aiohttp

from benchmarks.live_client import LiveClient, LiveRefusedError

_WITHIN = 30.0  # seconds
_AGAIN_AFTER = 0.2


def wait_for_channels(url: str, token: str, channels: Sequence[str]) -> None:
    """Returns once each was subscribed to. Raises TimeoutError; LiveRefusedError for a refusal that stays."""
    asyncio.run(_subscribe(url, token, channels))


async def _subscribe(url: str, token: str, channels: Sequence[str]) -> None:
    async with asyncio.timeout(_WITHIN), aiohttp.ClientSession() as session, LiveClient(session, url, token) as client:
        for channel in channels:
            await _subscribe_to(client, channel)


async def _subscribe_to(client: LiveClient, channel: str) -> None:
    while True:
        try:
            await client.subscribe(channel)
        except LiveRefusedError as refused:
            if not refused.temporary:
                raise
        else:
            return
        await asyncio.sleep(_AGAIN_AFTER)
