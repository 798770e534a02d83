"""A fleet of a test's own on the running product: keys, and requests by HTTP as clients send them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from access.minting import Minted, mint_backend, mint_device
from access.settings import AccessSettings
from access.token_maker import TokenMaker
from devstack.demo import Demo
from devstack.stack_file import StackFile
from domain.instants import HOUR, SECOND, Micros, format_rfc3339
from storage.postgres.credentials import PostgresCredentials
from storage.postgres.engine import open_engine
from storage.postgres.settings import PostgresSettings

DEVICE_ASSETS = ("truck-7", "truck-8")
PATIENCE = 30.0  # seconds for one answer


def now() -> Micros:
    return time.time_ns() // 1000


def at(seconds: float = 0.0) -> str:
    """An instant so many seconds from now, as RFC 3339."""
    return format_rfc3339(now() + round(seconds * SECOND))


def fix(asset: str = "truck-7", seconds: float = 0.0, **fields: Any) -> dict[str, Any]:
    """A ping measured so many seconds from now."""
    return {"asset": asset, "time": at(seconds), "lat": 53.4084, "lon": -2.9916, **fields}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def ids(self) -> list[str]:
        """Of the items that were accepted."""
        return [each["id"] for each in self.body["results"] if each["status"] == "accepted"]


@dataclass(frozen=True)
class Keys:
    """The credentials of a fleet as texts, and a viewer's token."""

    backend: str
    device: str
    viewer: str


class Fleet:
    """One fleet. Requests are the back end's unless told otherwise."""

    def __init__(self, name: str, keys: Keys, stack: StackFile, session: aiohttp.ClientSession) -> None:
        self.name = name
        self.keys = keys
        self.stack = stack
        self.session = session

    @property
    def channel(self) -> str:
        return f"fleet:{self.name}"

    def asset(self, asset: str) -> str:
        return f"asset:{self.name}/{asset}"

    def order(self, order: str) -> str:
        return f"order:{self.name}/{order}"

    async def send(
        self, method: str, path: str, content: Any, *, credential: str | None = None, url: str | None = None
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {credential or self.keys.backend}",
            "Content-Type": "application/json",
        }
        async with self.session.request(
            method, f"{url or self.stack.ingest_url}{path}", data=msgspec.json.encode(content), headers=headers
        ) as answer:
            return Answer(answer.status, dict(answer.headers), msgspec.json.decode(await answer.read()))

    async def post_pings(self, *pings: dict[str, Any], url: str | None = None) -> Answer:
        return await self.send("POST", "/v1/pings", list(pings), url=url)

    async def ping(self, *pings: dict[str, Any]) -> list[str]:
        """Post pings that must all be accepted; their ids."""
        return self._all_accepted(await self.post_pings(*pings), len(pings))

    async def change(self, *changes: dict[str, Any]) -> list[str]:
        """Post status changes that must all be accepted; their ids."""
        return self._all_accepted(await self.send("POST", "/v1/status-changes", list(changes)), len(changes))

    async def put(self, kind: str, entry_id: str, entry: dict[str, Any]) -> None:
        self._all_accepted(await self.send("PUT", f"/v1/reference/{kind}/{entry_id}", entry), 1)

    async def carry(self, asset: str, orders: Sequence[str]) -> None:
        """Assign orders to an asset, from an hour ago until further notice."""
        since = at(-3600)
        assignments = [{"asset": asset, "order": order, "valid_from": since} for order in orders]
        for start in range(0, len(orders), 25):
            part = assignments[start : start + 25]
            await asyncio.gather(*(self.put("assignments", f"{asset}.{each['order']}", each) for each in part))

    @staticmethod
    def _all_accepted(answer: Answer, count: int) -> list[str]:
        assert (answer.status, len(answer.ids)) == (202, count), answer
        return answer.ids


@contextlib.asynccontextmanager
async def open_fleet(demo: Demo, name: str) -> AsyncIterator[Fleet]:
    """A new fleet with keys of its own."""
    keys = await make_keys(demo, name)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield Fleet(name, keys, demo.describe(), session)


async def make_keys(demo: Demo, fleet: str) -> Keys:
    secret = demo.product.environment["FLEETCAST_ACCESS_JWT_HMAC_SECRET"]
    maker = TokenMaker(AccessSettings.model_validate({"jwt_hmac_secret": secret}))
    backend = mint_backend(fleet=fleet, tenant=None, now=now())
    device = mint_device(fleet=fleet, device="device-1", assets=DEVICE_ASSETS, now=now())
    await _store(demo.stack.postgres_url, backend, device)
    viewer = maker.make(user="viewer", fleets=[fleet], capabilities=["watch"], valid_for=HOUR)
    return Keys(str(backend.text), str(device.text), viewer)


async def _store(postgres_url: str, *minted: Minted) -> None:
    engine = open_engine(PostgresSettings.model_validate({"url": postgres_url}), "tests")
    try:
        for each in minted:
            await PostgresCredentials(engine).add(each.credential)
    finally:
        await engine.dispose()
