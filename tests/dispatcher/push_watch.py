"""Notifications to the demo's viewer, by the public ways, and what became of them."""

import asyncio
from typing import Any

import aiohttp
import psycopg

from devstack.demo_keys import VIEWER
from devstack.stack_file import StackFile

WITHIN = 90.0  # seconds; a member that died is noticed after 8
STEPS = {"queued", "attempted"}


class PushWatch:
    """The viewer has no socket unless the test opens one, and two phones."""

    def __init__(self, stack: StackFile, session: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.session = session

    async def post(self, *names: str, **changes: Any) -> None:
        told = {"user": VIEWER, "type": "message", "title": "T", "body": "b", **changes}
        headers = {"Authorization": f"Bearer {self.stack.backend_credential}"}
        address = f"{self.stack.ingest_url}/v1/notifications"
        body = [told | {"id": name} for name in names]
        async with self.session.post(address, json=body, headers=headers) as answer:
            assert answer.status == 202, await answer.text()

    async def prefer(self, preferences: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.stack.viewer_jwt}"}
        address = f"{self.stack.control_url}/v1/preferences"
        async with self.session.put(address, json=preferences, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def arrivals(self, name: str) -> list[int]:
        """How often it came to each phone."""
        async with self.session.get(f"{self.stack.phone_url}/arrivals") as answer:
            phones = await answer.json()
        return [phone["arrived"][name]["count"] for phone in phones if name in phone["arrived"]]

    async def bodies(self, name: str) -> set[str]:
        """What the phones show of it."""
        async with self.session.get(f"{self.stack.phone_url}/arrivals") as answer:
            phones = await answer.json()
        return {shown["body"] for phone in phones for shown in phone["shown"].values() if shown["id"] == name}

    async def history(self, name: str) -> tuple[str, set[tuple[str, str | None]]]:
        """(state, steps with their outcomes); the state of none is empty."""
        return await asyncio.to_thread(self._history, name)

    def _history(self, name: str) -> tuple[str, set[tuple[str, str | None]]]:
        with psycopg.connect(self.stack.postgres_url) as connection:
            states = connection.execute("SELECT push_state FROM notifications WHERE id = %s", (name,)).fetchall()
            steps = connection.execute(
                "SELECT DISTINCT step, outcome FROM delivery_steps WHERE notification = %s", (name,)
            ).fetchall()
        assert len(states) <= 1
        return (states[0][0] if states else ""), set(steps)

    async def until_state(self, state: str, *names: str) -> None:
        async with asyncio.timeout(WITHIN):
            for name in names:
                while True:
                    if (await self.history(name))[0] == state:
                        break
                    await asyncio.sleep(0.2)

    async def pushed(self, name: str) -> None:
        """Returns when it is on both phones, once, and its timeline says so."""
        async with asyncio.timeout(WITHIN):
            while True:
                if await self.arrivals(name) == [1, 1] and {step for step, _ in (await self.history(name))[1]} >= STEPS:
                    break
                await asyncio.sleep(0.2)
        assert (await self.history(name))[0] == "sent"
