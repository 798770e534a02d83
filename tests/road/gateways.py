"""Further gateways of the running product, each a process of its own, side by side as behind a load balancer."""

import asyncio
import functools
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from access.settings import AccessSettings
from access.token_maker import TokenMaker
from access.viewer import Capability
from devstack.demo import Demo
from devstack.part import Part
from devstack.ports import LOOPBACK, free_port
from devstack.probes import http_ok
from domain.instants import HOUR
from push_service.gateway.entrances import SOCKET_PATH
from tests.gateway.api_client import Backend
from tests.gateway.raw_client import RawClient
from tests.gateway.running import ClosingClient

SETTINGS = {
    "FLEETCAST_GATEWAY_CHANNEL_KINDS": json.dumps({"chat": {"subscribe": "tenant", "presence": True, "joins": True}}),
    "FLEETCAST_GATEWAY_LEASE_SECONDS": "2",
    "FLEETCAST_GATEWAY_DRAIN_SECONDS": "0",
}


class GatewayProcess:
    """`python -m push_service.gateway`, on the product's Kafka, Redis and keys."""

    def __init__(self, demo: Demo, settings: Mapping[str, str]) -> None:
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        self.clients: list[ClosingClient] = []
        own = {"FLEETCAST_GATEWAY_HOST": LOOPBACK, "FLEETCAST_GATEWAY_PORT": str(port)}
        name = f"gateway-{secrets.token_hex(4)}"
        self.part = Part(
            name,
            demo.product.command("push_service.gateway", env={**SETTINGS, **settings, **own}),
            ready=functools.partial(http_ok, f"{self.url}/readyz"),
            site=demo.stack.site,
        )
        self._api_key = demo.describe().api_key

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + SOCKET_PATH

    @property
    def backend(self) -> Backend:
        """With the key that opens every tenant: users are `tenant/user`."""
        return Backend(self, key=self._api_key)

    async def connect(self, token: str) -> RawClient:
        """A client that is connected."""
        client = await RawClient.open(self)
        reply = await client.ask(connect={"token": token})
        assert "connect" in reply, reply
        return client

    async def refusal(self, token: str) -> tuple[int, str]:
        """How the gateway closes on who comes with this token."""
        client = await RawClient.open(self)
        await client.send({"id": 1, "connect": {"token": token}})
        return await client.closed()

    async def kill(self) -> None:
        """kill -9."""
        await asyncio.to_thread(self.part.kill)


@asynccontextmanager
async def gateway_process(demo: Demo, **settings: str) -> AsyncIterator[GatewayProcess]:
    """One that is ready, for as long as the block lasts."""
    gateway = GatewayProcess(demo, settings)
    await asyncio.to_thread(gateway.part.start)
    try:
        yield gateway
    finally:
        await asyncio.gather(*(each.close() for each in gateway.clients))
        await asyncio.to_thread(gateway.part.stop)


def viewer_token(demo: Demo, tenant: str, user: str = "u1", **claims: Any) -> str:
    """A token of the fleet that is named as its tenant."""
    secret = demo.product.environment["FLEETCAST_ACCESS_JWT_HMAC_SECRET"]
    maker = TokenMaker(AccessSettings(jwt_hmac_secret=secret))
    return maker.make(
        user=user, fleets=[tenant], tenant=tenant, capabilities=[Capability.WATCH], valid_for=HOUR, **claims
    )
