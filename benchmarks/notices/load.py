"""Status changes and requests, sent until they are acknowledged: some twice, some for later, some in bursts."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from devstack.stack_file import StackFile
from domain.ids import derived_id

AGAIN_AFTER = 0.2  # seconds
PATIENCE = 120.0
ORDERS = 3
CHAINS = ORDERS + 3
LATER = timedelta(seconds=2)

BURST = "burst"
BURST_TYPE = {"title": "One of many", "digest": {"after": 2, "seconds": 10}}
"""A type for the deployment: more than two of it in ten seconds become one push."""


class Load:
    """At most `rate` events a second: status changes of three orders, and requests to all users by name: plain notes,
    notes for later, and a type that becomes digests.

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
            for send in (self._note, self._later, self._burst):
                group.create_task(self._chain(stopping, send))

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

    async def _note(self, number: int) -> None:
        await self._request("note", number, {"type": "message"})

    async def _later(self, number: int) -> None:
        due = datetime.now(UTC) + LATER
        await self._request("later", number, {"type": "message", "send_at": due.isoformat()})

    async def _burst(self, number: int) -> None:
        await self._request("burst", number, {"type": BURST})

    async def _request(self, kind: str, number: int, what: dict[str, Any]) -> None:
        name = f"{self.name}-{kind}-{number}"
        told = {"id": name, "users": self._users, "title": f"A {kind}", "body": f"number {number}"}
        await self._post("/v1/notifications", told | what, twice=number % 5 == 0)
        self.expected[name] = None

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
