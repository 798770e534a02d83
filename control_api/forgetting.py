"""Revocations that are over are forgotten, now and then."""

import asyncio
import contextlib

from access.revocations import Revocations

_EVERY_SECONDS = 60.0


class ForgottenRevocations:
    """A service."""

    name = "forgotten-revocations"

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations

    async def run(self, stopping: asyncio.Event) -> None:
        """See Service."""
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _EVERY_SECONDS)
            self._revocations.forget()
