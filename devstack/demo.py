"""The whole local stack: infrastructure, product, page and keys; on request also the simulated fleet."""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.child import Command
from devstack.demo_keys import FLEET, VIEWER, DemoKeys
from devstack.part import Part
from devstack.phone import Phone, label_phones, register_phones
from devstack.plan import Step, carry_out
from devstack.ports import LOOPBACK, free_port
from devstack.private_file import kept_secret
from devstack.probes import http_ok
from devstack.product import PROJECT, Product
from devstack.site import silent
from devstack.stack import Stack
from devstack.stack_file import FILE, StackFile, remove_stack_file

PAGE_TIER, FLEET_TIER = 2, 3


class Demo:
    """Start all, tell where it is in `stack.json` below the directory, end all.

    As a context manager it starts everything but the simulated fleet. `demo.stack["gateway"].kill()` and
    `demo.stack["gateway"].start()` make and mend a fault; the names are those of `describe().pids`. `settings` are
    further environment variables for the product, `ports` those of its processes that shall not be any. Raises on
    start: as `Part.start` and `run_to_end`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        brokers: int = 1,
        say: Callable[[str], None] = silent,
        settings: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.stack = Stack(directory, brokers=brokers, say=say)
        self._site = self.stack.site
        self._brokers = brokers
        self._page_port = free_port()
        self._phone = Phone(self._site)
        self._api_key = kept_secret(self._site.data / "api.secret")
        product_settings = {
            "FLEETCAST_LOG_FORMAT": "console",
            "FLEETCAST_ACCESS_JWT_HMAC_SECRET": kept_secret(self._site.data / "jwt.secret"),
            "FLEETCAST_API_KEYS": f"*:{self._api_key}",
            "FLEETCAST_GATEWAY_ALLOWED_ORIGINS": f"{self.map_url},http://localhost:{self._page_port}",
            "FLEETCAST_CONTROL_ALLOWED_ORIGINS": f"{self.map_url},http://localhost:{self._page_port}",
            **self._phone.settings,
            **(settings or {}),
        }
        self.product = Product(self.stack, product_settings, ports or {})
        self._keys = DemoKeys(self.product, self._site)
        self._page = self._page_part()
        self._fleet = self._fleet_part()
        self.stack.add(self._phone.part)
        self.stack.add(self._page)
        self.stack.add(self._fleet)

    @property
    def map_url(self) -> str:
        return f"http://{LOOPBACK}:{self._page_port}"

    def __enter__(self) -> Self:
        try:
            self.start(fleet=False)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *, fleet: bool) -> None:
        self.stack.clean_up()
        remove_stack_file(self._site.directory)
        self._phone.make_keys()  # the senders read them when they start
        steps = [*self.stack.infra_steps(), *self.product.steps(), Step("page", self._start_page)]
        steps.append(Step("credentials", self._keys.make_credentials, frozenset({"tables"})))
        steps.append(Step("viewer token", self._keys.make_viewer_token))
        steps.append(Step("phone", functools.partial(self.stack.start, self._phone.part)))
        steps.append(Step("viewer's phones", self._register_phones, frozenset({"tables", "phone"})))
        carry_out(steps, self._site.stopping, self.stack.death)
        self.describe().write(self._site.directory)
        if fleet:
            self.stack.start(self._fleet)
            self.describe().write(self._site.directory)

    def stop(self) -> None:
        remove_stack_file(self._site.directory)
        self.stack.stop()

    def describe(self) -> StackFile:
        """What runs now."""
        urls = self.product.admin_urls
        return StackFile(
            ingest_url=urls["ingest"],
            grpc_target=self.product.grpc_target,
            gateway_url=f"{urls['gateway'].replace('http:', 'ws:')}/connection/websocket",
            control_url=urls["control_api"],
            map_url=self.map_url,
            phone_url=self._phone.url,
            registry_url=self.stack.registry_url,
            kafka_bootstrap=self.stack.kafka_bootstrap,
            redis_url=self.stack.redis_url,
            postgres_url=self.stack.postgres_url,
            fleet=FLEET,
            device=self._keys.device,
            backend_credential=self._keys.backend_credential,
            viewer=VIEWER,
            viewer_jwt=self._keys.viewer_jwt,
            api_key=self._api_key,
            admin_urls=urls,
            brokers=self._brokers,
            pids={"supervisor": os.getpid(), **self.stack.pids()},
        )

    def _register_phones(self) -> None:
        register_phones(self.stack.postgres_url, FLEET, VIEWER)
        label_phones(self._phone.url, FLEET, VIEWER)

    def _start_page(self) -> None:
        self.stack.start(self._page)

    def _page_part(self) -> Part:
        arguments = ["--port", str(self._page_port), "--dist", str(PROJECT / "web" / "dist")]
        arguments += ["--stack", str(self._site.directory / FILE)]
        return Part(
            "page",
            Command(argv=[sys.executable, "-m", "devstack.page", *arguments], cwd=PROJECT),
            ready=functools.partial(http_ok, self.map_url),
            site=self._site,
            tier=PAGE_TIER,
        )

    def _fleet_part(self) -> Part:
        arguments = ["--stack", str(self._site.directory / FILE)]
        return Part(
            "fleet",
            Command(argv=[sys.executable, "-m", "devstack.fleet", *arguments], cwd=PROJECT),
            ready=lambda: None,  # it answers nobody; that it goes on is watched
            site=self._site,
            tier=FLEET_TIER,
        )
