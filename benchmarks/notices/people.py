"""The people of a proof: who they are, what they have, and what they ask for, by the public APIs alone."""

import asyncio
import json
from typing import Any

import aiohttp

from devstack.demo import Demo
from devstack.one_shot import output_of

COMMAND_WITHIN = 60.0  # seconds
PATIENCE = 60.0
AGAIN_AFTER = 0.3


class Person:
    """One user with a token, an app on a fake Android phone, and the interests that they follow."""

    def __init__(self, demo: Demo, session: aiohttp.ClientSession, user: str) -> None:
        place = demo.describe()
        self.user = user
        self.tenant = place.fleet
        self.phone = f"{user}:APA91b-of-a-proof-of-notifications"
        """The push token."""
        self.url = place.control_url
        self._session = session
        command = demo.product.command("access", "jwt", "--user", user, "--fleet", place.fleet, "--for", "1d", "--json")
        self.token: str = json.loads(output_of(command, COMMAND_WITHIN))["token"]

    async def settle(self) -> None:
        """Registers the phone."""
        body = {"provider": "fcm", "platform": "android", "push_token": self.phone, "model": "Proof 1"}
        await self.ask("PUT", f"/v1/installations/{self.user}-phone", body)

    async def follow(self, interest: str) -> None:
        """From now on."""
        await self.ask("PUT", f"/v1/interests/{interest}", {})

    async def inbox(self) -> list[dict[str, Any]]:
        """All that is in the inbox, the newest first."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.ask("GET", f"/v1/inbox?limit=100{cursor}")
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = f"&cursor={page['next']}"

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of control_api. As long as it is away, the same is asked again; RuntimeError if it refuses."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with self._session.request(
                        method, f"{self.url}{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}
                    ) as answer:
                        content = await answer.read()
                    if answer.status < 300:
                        return json.loads(content) if content else None
                    if answer.status not in (429, 503):
                        raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
                except (aiohttp.ClientError, OSError):
                    pass  # it was killed
                await asyncio.sleep(AGAIN_AFTER)
