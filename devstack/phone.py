"""The part "phone": fakes of FCM and APNs, and a page of the phones behind them."""

import asyncio
import functools
import json
import sys
import time
import urllib.request
from pathlib import Path

from pydantic import SecretStr

from devstack.child import Command
from devstack.fakes.keys import TOPIC, KeyFiles
from devstack.fakes.serving import Ports, sender_settings
from devstack.part import Part
from devstack.ports import LOOPBACK, free_port
from devstack.probes import http_ok
from devstack.site import Site
from domain.installation import ApnsEnvironment, Platform, Provider
from storage.installations import Registration
from storage.postgres.engine import open_engine
from storage.postgres.installations import Installations
from storage.postgres.settings import PostgresSettings

PROJECT = Path(__file__).resolve().parents[1]
SERVED = ("fcm", "apns")
MOST_INSTALLATIONS = 20
LABEL_SECONDS = 5.0


class Phone:
    """Its keys are kept with the stack's data, its ports are new at each start."""

    def __init__(self, site: Site) -> None:
        self._keys = KeyFiles(site.data / "phone")
        self._ports = Ports(*(free_port() for _ in range(4)))
        ports = self._ports
        arguments = ["--directory", str(site.data / "phone"), "--page", str(ports.page), "--fcm", str(ports.fcm)]
        arguments += ["--apns", str(ports.apns), "--sandbox", str(ports.apns_sandbox)]
        self.part = Part(
            "phone",
            Command(argv=[sys.executable, "-m", "devstack.fakes", *arguments], cwd=PROJECT),
            ready=functools.partial(http_ok, f"{self.url}/phones"),
            site=site,
            prepare=self.make_keys,
            ready_within=30.0,
        )

    @property
    def url(self) -> str:
        """The page, and the way to make the fakes fail."""
        return f"http://{LOOPBACK}:{self._ports.page}"

    @property
    def settings(self) -> dict[str, str]:
        """What senders are told. The files that it names are there after `make_keys`."""
        return {"FLEETCAST_SENDERS_PROVIDERS": ",".join(SERVED), **sender_settings(self._ports, self._keys)}

    def make_keys(self) -> None:
        """May be called again."""
        self._keys.make(f"http://{LOOPBACK}:{self._ports.fcm}/token")


def register_phones(postgres_url: str, tenant: str, user: str) -> None:
    """Gives the user an Android phone and an iPhone, as their apps would by registering. May be called again."""
    asyncio.run(_register(postgres_url, _phones(tenant, user)))


def label_phones(url: str, tenant: str, user: str) -> None:
    """Tells the page whose phones they are, and the fake APNs which of its services knows them."""
    for each in _phones(tenant, user):
        label = {"provider": each.provider, "token": each.push_token, "label": f"{user}'s {each.model}"}
        body = json.dumps(label | {"environment": each.environment}).encode()
        request = urllib.request.Request(f"{url}/labels", body, method="PUT")  # noqa: S310 our own page
        with urllib.request.urlopen(request, timeout=LABEL_SECONDS):  # noqa: S310
            pass


async def _register(postgres_url: str, phones: list[Registration]) -> None:
    engine = open_engine(PostgresSettings(url=SecretStr(postgres_url)), "devstack")
    try:
        for each in phones:
            now = time.time_ns() // 1000
            await Installations(engine).register(each, limit=MOST_INSTALLATIONS, now=now)
    finally:
        await engine.dispose()


def _phones(tenant: str, user: str) -> list[Registration]:
    android = Registration(
        tenant=tenant,
        id=f"{user}-android",
        user=user,
        provider=Provider.FCM,
        platform=Platform.ANDROID,
        push_token=f"android-of-{tenant}-{user}:APA91b-of-the-local-stack",
        model="Pixel 9",
        app_version="1.0.0",
    )
    iphone = Registration(
        tenant=tenant,
        id=f"{user}-iphone",
        user=user,
        provider=Provider.APNS,
        platform=Platform.IOS,
        push_token=f"{tenant}/{user}".encode().hex().ljust(64, "0")[:64],
        environment=ApnsEnvironment.SANDBOX,
        app=TOPIC,
        model="iPhone 17",
        app_version="1.0.0",
    )
    return [android, iphone]
