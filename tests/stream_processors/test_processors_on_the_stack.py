"""Both processors as processes, on a real Kafka and Valkey, killed and robbed of their state under load."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import redis

from backbone.codec import AvroCodec
from backbone.kafka_settings import KafkaSettings
from backbone.record import InRecord
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import LIVE, POSITIONS
from devstack.demo import Demo
from domain.live_update import LiveUpdate
from domain.position import Position
from domain.quality_rules import held_back_by

WITHIN = 60.0  # seconds for everything posted to come through
BUSES = 8


class Stand:
    """Posts to the product and reads what came of it."""

    def __init__(self, demo: Demo, name: str) -> None:
        told = demo.describe()
        self.name = name
        self.fleet = told.fleet
        self._http = httpx.Client(
            base_url=told.ingest_url, headers={"Authorization": f"Bearer {told.backend_credential}"}, timeout=20
        )
        registry = SchemaRegistry.of(RegistrySettings(url=told.registry_url))
        self._codec = AvroCodec(registry)
        self._scan = TopicScan(KafkaSettings(bootstrap=told.kafka_bootstrap))
        self.close: list[Callable[[], None]] = [self._http.close, registry.close]

    def post(self, path: str, body: object, method: str = "POST") -> None:
        self._http.request(method, path, json=body).raise_for_status()

    def bus(self, number: int) -> str:
        return f"{self.name}-{number}"

    def positions(self) -> list[Position]:
        ours = f"{self.fleet}/{self.name}".encode()
        return [
            self._codec.decode(record.value or b"", Position)
            for record in self._records(POSITIONS.name)
            if (record.key or b"").startswith(ours)  # other tests put what nobody can read on the same topic
        ]

    def shown(self) -> list[LiveUpdate]:
        """What subscribers see: without the repeats that the recorder and the gateway skip."""
        highest: dict[tuple[int, tuple[str, int]], tuple[int, int]] = {}
        shown = []
        for record in self._records(LIVE.name):
            if record.key != self.fleet.encode():
                continue
            update = self._codec.decode(record.value or b"", LiveUpdate)
            if update.source is None:
                continue
            stream = (record.partition, update.source.stream)
            if update.source.rank > highest.get(stream, (-1, -1)):
                highest[stream] = update.source.rank
                shown.append(update)
        return shown

    def _records(self, topic: str) -> Iterator[InRecord]:
        for batch in self._scan.read(self._scan.whole(topic)):
            yield from batch


@pytest.fixture
def stand(demo: Demo, unique: str) -> Iterator[Stand]:
    stand = Stand(demo, unique)
    yield stand
    for close in stand.close:
        close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it did not come through in time"
        time.sleep(0.5)


def payload(update: LiveUpdate) -> dict[str, Any]:
    return msgspec.json.decode(update.payload, type=dict[str, Any])


@contextmanager
def load(stand: Stand) -> Iterator[list[str]]:
    """Posts a fix of every bus ten times a second; gives the ids that were acknowledged so far."""
    acknowledged: list[str] = []
    stop = threading.Event()

    def post() -> None:
        for n in range(10_000):
            now = datetime.now(UTC).isoformat()
            fixes = [
                {
                    "asset": stand.bus(bus),
                    "id": f"{stand.name}.{n}.{bus}",
                    "time": now,
                    "lat": 53 + n * 1e-5,
                    "lon": -2.9,
                }
                for bus in range(BUSES)
            ]
            stand.post("/v1/pings", fixes)
            acknowledged.extend(str(fix["id"]) for fix in fixes)
            if stop.wait(0.1):
                return

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        thread.join()


def test_killed_and_robbed_of_their_state_under_load_they_lose_nothing_and_show_nothing_twice(
    demo: Demo, stand: Stand
) -> None:
    with load(stand) as acknowledged, redis.Redis.from_url(demo.describe().redis_url) as store:
        for fault in ("enrich", "route", "redis", "enrich", "redis"):
            time.sleep(1.5)  # a stretch of load before each fault
            if fault == "redis":
                store.flushall()
            else:
                demo.stack[fault].kill()
                demo.stack[fault].start()
    wanted = set(acknowledged)
    until(lambda: wanted <= {each.id for each in stand.positions()})
    news = {each.id for each in stand.positions() if held_back_by(each.quality) is None}
    until(lambda: news <= {payload(update)["id"] for update in stand.shown()})

    mine = [update for update in stand.shown() if update.entity.startswith(f"asset/{stand.name}")]
    assert news == wanted
    assert Counter(payload(update)["id"] for update in mine) == Counter(wanted)
    for bus in range(BUSES):
        times = [update.event_time for update in mine if update.entity == f"asset/{stand.bus(bus)}"]
        assert times == sorted(set(times))


def test_an_order_is_followed_on_its_own_channel_until_its_end_and_learns_nothing_else(stand: Stand) -> None:
    van, order, other = stand.bus(0), f"{stand.name}-A", f"{stand.name}-B"
    begin = "2020-01-01T00:00:00Z"
    for name in (order, other):
        assignment = {"asset": van, "order": name, "valid_from": begin}
        stand.post(f"/v1/reference/assignments/{name}", assignment, "PUT")
    stand.post("/v1/status-changes", _change(f"order/{order}", "loaded", 1))

    def ping(n: int) -> None:
        now = datetime.now(UTC).isoformat()
        fix = {"asset": van, "id": f"{stand.name}.{n}", "time": now, "lat": 53.0, "lon": -2.9, "attributes": {"x": 1}}
        stand.post("/v1/pings", fix)
        until(lambda: any(payload(each)["id"] == f"{stand.name}.{n}" for each in stand.shown()))

    def on(name: str) -> list[LiveUpdate]:
        return [update for update in stand.shown() if f"order:{stand.fleet}/{name}" in update.channels]

    until(lambda: bool(on(order)))
    numbers = iter(range(100))
    while len(on(order)) < 2:  # the assignment reaches enrich on a road of its own
        ping(next(numbers))
    stand.post("/v1/status-changes", _change(f"order/{order}", "delivered", 3))
    stand.post("/v1/status-changes", _change(f"order/{order}", "loaded", 2))
    until(lambda: payload(on(order)[-1]).get("status") == "delivered")
    ping(next(numbers))

    assert [payload(update)["status"] for update in on(order) if update.kind == "status"] == ["loaded", "delivered"]
    assert payload(on(order)[-1])["kind"] == "status"
    assert len([update for update in on(other) if update.kind == "position"]) > 1
    for update in on(order):
        if update.kind == "position":
            assert set(payload(update)) == {"kind", "id", "time", "lat", "lon", "speed", "heading", "quality"}


def _change(entity: str, status: str, version: int) -> dict[str, object]:
    return {"entity": entity, "status": status, "time": datetime.now(UTC).isoformat(), "version": version}
