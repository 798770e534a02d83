"""A status change, its duplicate and its correction; two apps of one user; who was away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from benchmarks.notices.app import App
from benchmarks.notices.people import Person
from devstack.demo import Demo
from devstack.public_api import PublicApi

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

WITHIN = 60.0  # seconds


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.05)


class Town:
    """A back end and a person."""

    def __init__(self, demo: Demo, session: aiohttp.ClientSession, name: str) -> None:
        place = demo.describe()
        self.order = f"{name}-order"
        self.fleet = place.fleet
        self.gateway_url = place.gateway_url
        self.back_end = PublicApi(session, place.ingest_url, place.backend_credential, None)
        self.person = Person(demo, session, name)

    async def change(self, status: str, version: int) -> None:
        """Posts a status of the order."""
        change = {
            "id": f"{self.order}.{version}",
            "entity": f"order/{self.order}",
            "status": status,
            "time": datetime.now(UTC).isoformat(),
            "version": version,
        }
        (result,) = await self.back_end.post_status_changes([change])
        assert result.status == "accepted"

    async def inbox(self) -> list[dict[str, Any]]:
        return [item for item in await self.person.inbox() if item["about"] == f"{self.fleet}/order/{self.order}"]


@pytest.fixture
async def town(demo: Demo, unique: str) -> AsyncIterator[Town]:
    async with aiohttp.ClientSession() as session:
        town = await asyncio.to_thread(Town, demo, session, unique)
        await town.person.follow(f"order/{town.fleet}/{town.order}")
        yield town


async def test_a_status_is_on_all_sockets_once_a_duplicate_shows_nothing_and_a_correction_replaces(town: Town) -> None:
    async with (
        App(town.gateway_url, town.person.token, acks=True) as phone,
        App(town.gateway_url, town.person.token, acks=True) as desk,
    ):
        await town.change("out_for_delivery", 1)
        await until(lambda: len(phone.shown) == 1 and len(desk.shown) == 1)
        await town.change("out_for_delivery", 1)
        await town.change("delivered", 2)
        await until(lambda: len(phone.shown) == 2 and len(desk.shown) == 2)
        first, second = phone.shown
        assert phone.came == desk.came == {first: 1, second: 1}
        assert phone.bodies[second]["replaces"] == first
        (item,) = await town.inbox()
        assert item["id"] == second
        assert item["correction"]


async def test_a_read_on_one_device_clears_the_other_within_a_second(town: Town) -> None:
    async with App(town.gateway_url, town.person.token, acks=True) as desk:
        await town.change("out_for_delivery", 1)
        await until(lambda: len(desk.shown) == 1)
        await town.person.ask("POST", "/v1/inbox/read", {"ids": desk.shown})
        await until(lambda: bool(desk.inbox))
        assert desk.inbox[0]["ids"] == desk.shown
        assert desk.inbox[0]["unread"] == 0


async def test_who_was_away_gets_exactly_what_was_missed_in_order(town: Town) -> None:
    notes = [f"{town.person.user}-note-{number}" for number in range(30)]
    await town.change("out_for_delivery", 1)
    deadline = time.monotonic() + WITHIN
    while not (seen := await town.inbox()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    for note in notes:
        request = {"id": note, "user": town.person.user, "type": "message", "title": "While you were away"}
        await town.back_end.post_notifications([request])
    while True:
        missed = await town.person.ask("GET", f"/v1/inbox?since={seen[0]['seq']}&limit=100")
        if len(missed["items"]) >= len(notes):
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    seqs = [item["seq"] for item in missed["items"]]
    assert [item["id"] for item in sorted(missed["items"], key=lambda item: item["seq"])] == notes
    assert seqs in (sorted(seqs), sorted(seqs, reverse=True))
