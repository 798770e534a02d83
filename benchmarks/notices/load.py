"""Status changes and requests, sent until they are acknowledged, duplicates and corrections among them."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp

from devstack.stack_file import StackFile
from domain.ids import derived_id

AGAIN_AFTER = 0.2  # seconds
PATIENCE = 120.0
ORDERS = 3
CHAINS = ORDERS + 1


class Load:
    """At most `rate` events a second: status changes of three orders, and requests to all users by name.

    Every fifth is sent twice. `expected`: id of each acknowledged event's notification -> its match key and version,
    None for those that replace nothing.
    """

    def __init__(
        self, session: aiohttp.ClientSession, stack: StackFile, run: str, users: Sequence[str], rate: float
    ) -> None:
        self._session = session
        self._stack = stack
        self.name = run
        self._users = list(users)
        self._every = CHAINS / rate
        self.expected: dict[str, tuple[str, int] | None] = {}

    @staticmethod
    def orders(run: str) -> list[str]:
        """The orders of a run."""
        return [f"{run}-order-{number}" for number in range(ORDERS)]

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; then everything is acknowledged. An order's next status waits for the one before: of two
        that come in the wrong order the earlier would rightly not be told.
        """
        async with asyncio.TaskGroup() as group:
            for order in self.orders(self.name):
                group.create_task(self._chain(stopping, functools.partial(self._status, order)))
            group.create_task(self._chain(stopping, self._request))

    async def _chain(self, stopping: asyncio.Event, send: Callable[[int], Awaitable[None]]) -> None:
        number = 0
        while not stopping.is_set():
            due = time.monotonic() + self._every
            await send(number)
            number += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _status(self, order: str, number: int) -> None:
        change = {
            "id": f"{order}.{number}",
            "entity": f"order/{order}",
            "status": f"stage_{number}",
            "time": datetime.now(UTC).isoformat(),
            "version": number,
        }
        await self._post("/v1/status-changes", change, twice=number % 5 == 0)
        key = f"{self._stack.fleet}/order/{order}/{order}.{number}"
        self.expected[derived_id(key, "notice")] = (order, number)

    async def _request(self, number: int) -> None:
        request = {
            "id": f"{self.name}-note-{number}",
            "users": self._users,
            "type": "message",
            "title": "A note",
            "body": f"number {number}",
        }
        await self._post("/v1/notifications", request, twice=number % 5 == 0)
        self.expected[f"{self.name}-note-{number}"] = None

    async def _post(self, path: str, body: dict[str, Any], *, twice: bool) -> None:
        for _ in range(2 if twice else 1):
            await self._until_taken(path, body)

    async def _until_taken(self, path: str, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self._stack.backend_credential}"}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with self._session.post(
                        f"{self._stack.ingest_url}{path}", json=body, headers=headers
                    ) as answer:
                        content = await answer.read()
                    if answer.status == 202:
                        return
                    if answer.status not in (429, 503):
                        raise RuntimeError(f"{path}: {answer.status} {content.decode()}")
                except (aiohttp.ClientError, OSError):
                    pass
                await asyncio.sleep(AGAIN_AFTER)
