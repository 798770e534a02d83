"""The race: notifications to a user with an open socket and two phones, acknowledged around the deadline."""

import asyncio
import random
import time
from collections.abc import Callable

import aiohttp
import msgspec
import psycopg

from benchmarks.acks.acking_client import AckingClient
from benchmarks.acks.judgement import SETTLED, Fate, Tally
from devstack.demo_keys import VIEWER
from devstack.stack_file import StackFile
from domain.push_state import PushState

BATCH = 50
PAUSE = 0.3  # seconds between two posts
SETTLED_WITHIN = 120.0
NEVER = 0.1
"""The share that is not acknowledged at all."""
SPREAD = (-0.15, 0.35)
"""Seconds around the deadline: what is pushed goes through two processes, and the race is open that long."""

Say = Callable[[str], None]


class AckRace:
    """`deadline` is the dispatcher's, in seconds. `prefix` begins the names of the notifications."""

    def __init__(self, stack: StackFile, prefix: str, deadline: float, seed: int = 1) -> None:
        self._stack = stack
        self._prefix = prefix
        self._deadline = deadline
        self._random = random.Random(seed)

    async def run(self, count: int) -> Tally:
        """Posts them, acknowledges them, waits until nothing more happens, and collects what became of each."""
        async with (
            aiohttp.ClientSession() as session,
            AckingClient(session, self._stack.gateway_url, self._stack.viewer_jwt, self._delay) as client,
        ):
            names = [f"{self._prefix}-{number}" for number in range(count)]
            await self._connected(session, client)
            for start in range(0, count, BATCH):
                await self._post(session, names[start : start + BATCH])
                await asyncio.sleep(PAUSE)
            await _until(lambda: set(names) <= client.seen, "all came on the socket")
            await client.settled()
            await self._settled(names, set(client.acked))
            return Tally(await self._fates(session, names, client))

    def _delay(self) -> float | None:
        if self._random.random() < NEVER:
            return None
        return max(0.0, self._deadline + self._random.uniform(*SPREAD))

    async def _connected(self, session: aiohttp.ClientSession, client: AckingClient) -> None:
        """A moment passes until the dispatcher can know of the socket."""
        await self._post(session, [f"{self._prefix}-first"])
        await _until(lambda: f"{self._prefix}-first" in client.seen, "the first came on the socket")
        await asyncio.sleep(1.0)

    async def _post(self, session: aiohttp.ClientSession, names: list[str]) -> None:
        body = [{"user": VIEWER, "type": "message", "title": "Race", "body": name, "id": name} for name in names]
        headers = {"Authorization": f"Bearer {self._stack.backend_credential}"}
        async with session.post(f"{self._stack.ingest_url}/v1/notifications", json=body, headers=headers) as answer:
            if answer.status != 202:
                raise RuntimeError(f"ingest answered {answer.status}: {await answer.text()}")

    async def _settled(self, names: list[str], acked: set[str]) -> None:
        """Every decision is made, and every receipt of it is in the timeline."""
        deadline = time.monotonic() + SETTLED_WITHIN
        while True:
            rows, steps = await asyncio.to_thread(self._history)
            told = {name for name, each in steps.items() if any(step == "acked" for step, _ in each)}
            open_pushes = [name for name in names if rows.get(name, PushState.PENDING) not in SETTLED]
            unsaid = [name for name in names if rows.get(name) is PushState.SENT and not _attempted(steps.get(name))]
            if not open_pushes and not unsaid and acked <= told:
                return
            if time.monotonic() > deadline:
                return  # the judgement says what is missing
            await asyncio.sleep(0.5)

    async def _fates(self, session: aiohttp.ClientSession, names: list[str], client: AckingClient) -> dict[str, Fate]:
        async with session.get(f"{self._stack.phone_url}/arrivals") as answer:
            phones = msgspec.json.decode(await answer.read())
        rows, steps = await asyncio.to_thread(self._history)
        return {
            name: Fate(
                state=rows.get(name, PushState.PENDING),
                acked=name in client.acked,
                steps=frozenset(steps.get(name, ())),
                arrivals={
                    phone["token"]: phone["arrived"][name]["count"] for phone in phones if name in phone["arrived"]
                },
            )
            for name in names
        }

    def _history(self) -> tuple[dict[str, PushState], dict[str, set[tuple[str, str | None]]]]:
        like = (f"{self._prefix}-%",)
        with psycopg.connect(self._stack.postgres_url) as connection:
            rows = connection.execute("SELECT id, push_state FROM notifications WHERE id LIKE %s", like).fetchall()
            told = connection.execute(
                "SELECT notification, step, outcome FROM delivery_steps WHERE notification LIKE %s", like
            ).fetchall()
        steps: dict[str, set[tuple[str, str | None]]] = {}
        for name, step, outcome in told:
            steps.setdefault(name, set()).add((step, outcome))
        return {name: PushState(state) for name, state in rows}, steps


def _attempted(steps: set[tuple[str, str | None]] | None) -> bool:
    return any(step == "attempted" for step, _ in steps or ())


async def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SETTLED_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not in time: {what}")
        await asyncio.sleep(0.05)
