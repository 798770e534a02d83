"""All fakes together, on the ports that they are given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from devstack.fakes.admin import Admin
from devstack.fakes.apns import FakeApns, server_trust
from devstack.fakes.fcm import FakeFcm
from devstack.fakes.keys import KEY_ID, TEAM_ID, TOPIC, KeyFiles
from devstack.fakes.phones import Phones
from devstack.ports import LOOPBACK

SHUTDOWN_SECONDS = 0.5


@dataclass(frozen=True)
class Ports:
    """Where each listens; 0 is any."""

    page: int = 0
    fcm: int = 0
    apns: int = 0
    apns_sandbox: int = 0


@dataclass(frozen=True)
class Fakes:
    """The running fakes, for whoever lives in the same process."""

    phones: Phones
    fcm: FakeFcm
    apns: FakeApns
    ports: Ports


def sender_settings(ports: Ports, keys: KeyFiles) -> dict[str, str]:
    """The environment of senders that send to the fakes."""
    return {
        "FLEETCAST_FCM_CREDENTIALS_FILE": str(keys.fcm_credentials),
        "FLEETCAST_FCM_URL": f"http://{LOOPBACK}:{ports.fcm}",
        "FLEETCAST_APNS_TEAM_ID": TEAM_ID,
        "FLEETCAST_APNS_KEY_ID": KEY_ID,
        "FLEETCAST_APNS_KEY_FILE": str(keys.apns_key),
        "FLEETCAST_APNS_TOPICS": TOPIC,
        "FLEETCAST_APNS_PRODUCTION": f"{LOOPBACK}:{ports.apns}",
        "FLEETCAST_APNS_SANDBOX": f"{LOOPBACK}:{ports.apns_sandbox}",
        "FLEETCAST_APNS_CA_FILE": str(keys.ca),
    }


@asynccontextmanager
async def serving(keys: KeyFiles, ports: Ports) -> AsyncIterator[Fakes]:
    """Serve them inside the block. `keys` must have been made, for the token service on `ports.fcm`."""
    phones = Phones()
    fcm, apns = FakeFcm(phones, keys.account()), FakeApns(phones, keys.signer())
    async with AsyncExitStack() as stack:
        for app, port in ((fcm.app(), ports.fcm), (Admin(phones, fcm, apns).app(), ports.page)):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, LOOPBACK, port).start()
        trust = server_trust(keys.server)
        for environment, port in (("production", ports.apns), ("sandbox", ports.apns_sandbox)):
            loop = asyncio.get_running_loop()
            server = await loop.create_server(apns.serving(environment), LOOPBACK, port, ssl=trust)
            stack.callback(server.close)
        yield Fakes(phones, fcm, apns, ports)
