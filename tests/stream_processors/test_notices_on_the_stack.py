"""From a status change, a ping and an assignment to one notification for each follower: route and address as processes,
on a real Kafka, Valkey and PostgreSQL, which are killed, emptied and restarted meanwhile.
"""

import os
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from backbone.codec import AvroCodec
from backbone.headers import CE_ID
from backbone.kafka_settings import KafkaSettings
from backbone.record import InRecord, header
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import NOTIFICATIONS
from benchmarks.faults import empty_redis
from devstack.demo import Demo
from domain.ids import derived_id
from domain.notification import Notification

pytestmark = pytest.mark.timeout(240)

WITHIN = 90.0  # seconds for everything to come through
ORDERS = 3
FOLLOWERS = 20
MANY = 25_000


class Town:
    """Back ends that post, and followers; all names are this test's own."""

    def __init__(self, demo: Demo, name: str) -> None:
        told = demo.describe()
        self.name = name
        self.fleet = told.fleet
        self.lat = secrets.randbelow(4000) * 0.02 - 40.0  # where no other test has drawn a geofence
        self.postgres_url = told.postgres_url
        self._enrich_url = told.admin_urls["enrich"]
        self._http = httpx.Client(
            base_url=told.ingest_url, headers={"Authorization": f"Bearer {told.backend_credential}"}, timeout=20
        )
        registry = SchemaRegistry.of(RegistrySettings(url=told.registry_url))
        self.codec = AvroCodec(registry)
        self._scan = TopicScan(KafkaSettings(bootstrap=told.kafka_bootstrap))
        self._read = {place: each.end for place, each in self._scan.whole(NOTIFICATIONS.name).items()}
        self._ours: list[InRecord] = []
        self.close: list[Callable[[], None]] = [self._http.close, registry.close]

    def order(self, number: int) -> str:
        return f"{self.name}-{number}"

    def user(self, number: int) -> str:
        return f"{self.name}.u{number:05d}"

    def post(self, path: str, body: object, method: str = "POST") -> None:
        self._http.request(method, path, json=body).raise_for_status()

    def follow(self, interest: str, count: int) -> None:
        with psycopg.connect(self.postgres_url) as connection:
            connection.execute(
                "INSERT INTO followers (tenant, interest, user_id)"
                " SELECT %s, %s, %s || lpad(n::text, 5, '0') FROM generate_series(0, %s) AS n",
                (self.fleet, interest, f"{self.name}.u", count - 1),
            )

    def change(self, order: str, version: int) -> str:
        """Posts a status; gives the id that its notification is to have."""
        change_id = f"{order}.{version}"
        body = {
            "id": change_id,
            "entity": f"order/{order}",
            "status": f"stage_{version}",
            "time": now(),
            "version": version,
        }
        self.post("/v1/status-changes", body)
        return derived_id(f"{self.fleet}/order/{order}/{change_id}", "notice")

    def told(self) -> Counter[tuple[str, str]]:
        """(user, notification id) of this test's users, and how often each is on the topic."""
        return Counter(
            ((record.key or b"").decode().partition("/")[2], (header(record.headers, CE_ID) or b"").decode())
            for record in self.records()
        )

    def texts(self) -> set[str]:
        """What this test's users are told, as text."""
        return {
            f"{told.user} {told.content.title}: {told.content.body}"
            for record in self.records()
            for told in [self.codec.decode(record.value or b"", Notification)]
        }

    def scheduled(self, order: str) -> int:
        """How many requests about an order wait for their time."""
        with psycopg.connect(self.postgres_url) as connection:
            query = "SELECT count(*) FROM scheduled_requests WHERE convert_from(request, 'UTF8') LIKE %s"
            (count,) = connection.execute(query, (f"%{order}%",)).fetchone() or (0,)
        return int(count)

    def reference_read(self) -> float:
        """How many records of reference data enrich has read since it was started."""
        lines = self._http.get(f"{self._enrich_url}/metrics").raise_for_status().text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("fleetcast_table_records_total"))

    def records(self) -> list[InRecord]:
        """What this test's users were told so far; only what is new is read."""
        ours = f"{self.fleet}/{self.name}.".encode()
        news = self._scan.to_end(self._read)
        for batch in self._scan.read(news):
            self._ours += [record for record in batch if (record.key or b"").startswith(ours)]
        self._read = {place: each.end for place, each in news.items()}
        return self._ours


def now(seconds: float = 0.0) -> str:
    return after(datetime.now(UTC), seconds)


def after(instant: datetime, seconds: float) -> str:
    return (instant + timedelta(seconds=seconds)).isoformat()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it did not come through in time"
        time.sleep(0.5)


@pytest.fixture
def town(demo: Demo, unique: str) -> Iterator[Town]:
    town = Town(demo, unique)
    yield town
    for close in town.close:
        close()


def restart(demo: Demo, part: str) -> None:
    demo.stack[part].kill()
    demo.stack[part].start()


def test_every_status_reaches_every_follower_under_one_id_whatever_is_killed(demo: Demo, town: Town) -> None:
    for number in range(ORDERS):
        town.follow(f"order/{town.fleet}/{town.order(number)}", FOLLOWERS)
    expected: set[str] = set()
    faults: list[Callable[[], None]] = [
        lambda: restart(demo, "route"),
        lambda: restart(demo, "address"),
        lambda: empty_redis(demo),
        lambda: restart(demo, "postgres"),
        lambda: restart(demo, "route"),
        lambda: restart(demo, "address"),
    ]
    version = 0
    for fault in faults:
        for _ in range(4):
            version += 1
            expected |= {town.change(town.order(number), version) for number in range(ORDERS)}
        fault()
    wanted = {(town.user(user), notice) for user in range(FOLLOWERS) for notice in expected}
    until(lambda: wanted <= town.told().keys())
    assert town.told().keys() == wanted


def test_a_killed_expansion_goes_on_and_tells_everybody(demo: Demo, town: Town) -> None:
    """25,000 followers are three chunks; address is killed again and again while it tells them."""
    order = town.order(0)
    town.follow(f"order/{town.fleet}/{order}", MANY)
    notice = town.change(order, 1)
    wanted = {(town.user(user), notice) for user in range(MANY)}
    for _ in range(2):
        until(lambda: bool(town.told()))
        restart(demo, "address")
    until(lambda: wanted <= town.told().keys())
    assert town.told().keys() == wanted


def test_watchers_are_told_of_geofences_assignments_and_late_orders(town: Town) -> None:
    van, order = f"{town.name}-van", town.order(0)
    asset_watcher, order_watcher = f"{town.name}.ann", f"{town.name}.bob"
    begun = datetime.now(UTC)  # the promise lies between two fixes, however long the reference data takes
    read = town.reference_read()
    entries: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("watchers", f"{town.name}-1", {"user": asset_watcher, "entity": f"asset/{van}"}),
        ("watchers", f"{town.name}-2", {"user": order_watcher, "entity": f"order/{order}"}),
        (
            "geofences",
            f"{town.name}-depot",
            {"name": "Depot", "center": {"lat": town.lat, "lon": -2.9}, "radius": 200.0},
        ),
        ("orders", order, {"promised_at": after(begun, -20)}),
        ("assignments", order, {"asset": van, "order": order, "valid_from": after(begun, -60)}),
    )
    for kind, entry, body in entries:
        town.post(f"/v1/reference/{kind}/{entry}", body, "PUT")
    until(lambda: town.reference_read() >= read + len(entries))
    until(lambda: len(town.texts()) == 2)
    town.post(
        "/v1/pings",
        [
            {"asset": van, "time": after(begun, -40 + n * 10), "lat": town.lat + lat, "lon": -2.9}
            for n, lat in enumerate((0.005, 0.0, 0.0, 0.005))
        ],
    )
    until(lambda: len(town.texts()) == 5)
    assert town.texts() == {
        f"{asset_watcher} Order {order}: Assigned to {van}",
        f"{order_watcher} Order {order}: Assigned to {van}",
        f"{asset_watcher} {van}: Arrived at Depot",
        f"{asset_watcher} {van}: Left Depot",
        f"{order_watcher} Order {order}: Running late",
    }


@pytest.mark.parametrize(
    "points",
    [
        {"enrich": "enrich.told", "route": "route.requested", "address": "address.put-off"},
        {"enrich": "enrich.published", "route": "route.published", "address": "address.published"},
        {"enrich": "enrich.done", "route": "route.done", "address": "address.done"},
    ],
    ids=["first step", "second step", "last step"],
)
def test_all_are_told_when_processes_die_between_two_steps(demo: Demo, town: Town, points: dict[str, str]) -> None:
    """Each dies by kill -9 at its point, where the step before is done and the next is not begun."""
    van, order, watcher = f"{town.name}-van", town.order(0), f"{town.name}.ann"
    town.follow(f"order/{town.fleet}/{order}", FOLLOWERS)
    depot = {"name": "Depot", "center": {"lat": town.lat, "lon": -2.9}, "radius": 200.0}
    town.post(f"/v1/reference/geofences/{town.name}", depot, "PUT")
    town.post(f"/v1/reference/watchers/{town.name}", {"user": watcher, "entity": f"asset/{van}"}, "PUT")
    for part in points:
        demo.stack[part].stop()
    with doomed(demo, points) as processes:
        tomorrow = {"asset": van, "order": order, "valid_from": now(86_400)}
        town.post(f"/v1/reference/assignments/{order}", tomorrow, "PUT")
        until(lambda: town.scheduled(order) > 0 or processes["address"].poll() is not None)
        town.post("/v1/pings", {"asset": van, "time": now(), "lat": town.lat, "lon": -2.9})
        notice = town.change(order, 1)
        until(lambda: all(process.poll() is not None for process in processes.values()))
        assert {process.returncode for process in processes.values()} == {-signal.SIGKILL}
    for part in points:
        demo.stack[part].start()
    wanted = {(town.user(user), notice) for user in range(FOLLOWERS)}
    until(lambda: wanted <= town.told().keys() and town.scheduled(order) == 2)
    until(lambda: f"{watcher} {van}: Arrived at Depot" in town.texts())
    rest = town.told().keys() - wanted
    assert len(rest) == 1, town.texts()
    assert {user for user, _ in rest} == {watcher}


@contextmanager
def doomed(demo: Demo, points: Mapping[str, str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The processes in the place of the stack's own, each to die at its point."""
    processes = {}
    for part, point in points.items():
        env = {"FLEETCAST_ADMIN_PORT": "0", "FLEETCAST_PROCESS_FAIL_AT": point}
        command = demo.product.command(f"stream_processors.{part}", env=env)
        processes[part] = subprocess.Popen(
            command.argv, cwd=command.cwd, env={**os.environ, **command.env}, stdout=subprocess.DEVNULL
        )
    try:
        yield processes
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
