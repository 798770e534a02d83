"""The fakes on this test's event loop, and senders that send to them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from devstack.fakes.keys import KeyFiles
from devstack.fakes.serving import Fakes, Ports, sender_settings, serving
from devstack.ports import LOOPBACK, free_port
from push_service.senders.providers import OPENINGS, SECTIONS
from push_service.senders.sender import Sender
from runtime.settings import load_sections


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    """Made once: RSA keys take their time."""
    return KeyFiles(tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def fakes(keys: KeyFiles) -> AsyncIterator[Fakes]:
    ports = Ports(*(free_port() for _ in range(4)))
    keys.make(f"http://{LOOPBACK}:{ports.fcm}/token")
    async with serving(keys, ports) as fakes:
        yield fakes


@pytest.fixture
def environ(fakes: Fakes, keys: KeyFiles) -> dict[str, str]:
    """Settings of senders that send to the fakes; a test may change them before it opens one."""
    return sender_settings(fakes.ports, keys)


class Senders:
    """Opens senders, which are closed with the test."""

    def __init__(self, environ: dict[str, str], resources: AsyncExitStack) -> None:
        self._environ = environ
        self._resources = resources

    async def open(self, provider: str, **changes: str) -> Sender:
        """`changes`: settings in place of those that send to the fakes."""
        section = SECTIONS[provider]
        start = f"FLEETCAST_{section.section_name}_"
        given = {name: value for name, value in (self._environ | changes).items() if name.startswith(start)}
        loaded = load_sections(section, environ=given)
        return await OPENINGS[provider](loaded, self._resources)


@pytest.fixture
async def senders(environ: dict[str, str]) -> AsyncIterator[Senders]:
    async with AsyncExitStack() as resources:
        yield Senders(environ, resources)


@pytest.fixture
async def fcm(senders: Senders) -> Sender:
    return await senders.open("fcm")


@pytest.fixture
async def apns(senders: Senders) -> Sender:
    return await senders.open("apns")
