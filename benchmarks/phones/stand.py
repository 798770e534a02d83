"""Kafka, PostgreSQL, the fakes and the senders; the dispatcher's part is played by whoever uses it."""

import functools
import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr
from sqlalchemy import Engine

from devstack.part import Part
from devstack.phone import Phone
from devstack.plan import Step, carry_out
from devstack.product import PROCESSES, Process, Product
from devstack.site import silent
from devstack.stack import Stack
from storage.postgres.engine import open_sync_engine
from storage.postgres.settings import PostgresSettings

_SENDERS = next(process for process in PROCESSES if process.name == "senders")
TIMEOUT = 30.0  # seconds


class PhoneStand:
    """Running. `senders` are the processes by provider: of one, if they serve all providers together."""

    def __init__(self, stack: Stack, phone: Phone, product: Product) -> None:
        self.stack = stack
        self.phone = phone
        self.product = product
        self.engine: Engine = open_sync_engine(
            PostgresSettings(url=SecretStr(stack.postgres_url), statement_seconds=60.0), "stand"
        )

    @property
    def senders(self) -> Part:
        return self.stack["senders"]

    def metrics(self) -> str:
        """Of the senders."""
        return self._get(f"{self.product.admin_urls['senders']}/metrics").decode()

    def arrivals(self) -> list[dict[str, Any]]:
        """What the fakes have seen, by phone."""
        phones: list[dict[str, Any]] = json.loads(self._get(f"{self.phone.url}/arrivals"))
        return phones

    def counts(self) -> dict[str, Any]:
        """Requests, connections and arrivals by second, of the fakes."""
        counts: dict[str, Any] = json.loads(self._get(f"{self.phone.url}/counts"))
        return counts

    def answer(self, provider: str, *, token: str | None = None, **plan: Any) -> None:
        """`next`: a list of answers, once each; `always`: one, until `repair`."""
        self._send("POST", "/answers", {"provider": provider, "token": token, **plan})

    def revoke(self, provider: str, *, revoked: bool) -> None:
        """The provider does not take our credentials any more."""
        self._send("POST", "/revocations", {"provider": provider, "revoked": revoked})

    def repair(self) -> None:
        """All providers take everything."""
        self._send("DELETE", "/answers", None)

    def states(self) -> dict[str, int]:
        """How many notifications stand where."""
        with psycopg.connect(self.stack.postgres_url) as connection:
            rows = connection.execute("SELECT push_state, count(*) FROM notifications GROUP BY 1").fetchall()
        return {str(state): int(count) for state, count in rows}

    def disabled(self) -> int:
        """How many push tokens were deactivated."""
        with psycopg.connect(self.stack.postgres_url) as connection:
            row = connection.execute("SELECT count(*) FROM installations WHERE disabled_at IS NOT NULL").fetchone()
        return int(row[0]) if row is not None else 0

    def close(self) -> None:
        self.engine.dispose()

    def _send(self, method: str, path: str, body: object) -> None:
        request = urllib.request.Request(  # noqa: S310 our own fakes
            f"{self.phone.url}{path}", None if body is None else json.dumps(body).encode(), method=method
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
            pass

    def _get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content


@contextmanager
def phone_stand(
    directory: Path, *, settings: Mapping[str, str] | None = None, say: Callable[[str], None] = silent
) -> Iterator[PhoneStand]:
    """Everything that senders need, and one process of them. `settings` are theirs."""
    stack = Stack(directory, say=say)
    phone = Phone(stack.site)
    senders: tuple[Process, ...] = (_SENDERS,)
    product = Product(stack, {**phone.settings, **(settings or {})}, processes=senders)
    stack.add(phone.part)
    stack.clean_up()
    phone.make_keys()
    try:
        start_phone = Step("phone", functools.partial(stack.start, phone.part))
        carry_out([*stack.infra_steps(), *product.steps(), start_phone], stack.site.stopping, stack.death)
        stand = PhoneStand(stack, phone, product)
        try:
            yield stand
        finally:
            stand.close()
    finally:
        stack.stop()
