"""No body makes ingest fail: whatever is sent is taken or refused, with a documented answer, and the books add up."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.notification_intake import notification_shape
from ingest.problems import ALL_PROBLEMS
from ingest.settings import IngestSettings
from tests.ingest.rig import Ingest, Reply, ago, running_ingest

STATUS_OF = {each.uri: each.status for each in ALL_PROBLEMS}
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["truck-7", "", "\0", "\ud800", "2026-01-26T15:57:02Z", "2026-01-26T15:57:02", "1e400"])
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(), max_size=10), inner, max_size=5)
    ),
    max_leaves=15,
)
NAMES = ["asset", "time", "lat", "lon", "id", "speed", "heading", "altitude", "accuracy", "battery", "attributes"]
STATUS_NAMES = ["entity", "status", "time", "id", "version", "attributes"]
NEARLY = st.fixed_dictionaries(
    {
        "asset": st.just("truck-7") | VALUE,
        "time": st.builds(ago, st.floats(-1e6, 1e7)) | VALUE,
        "lat": st.floats() | VALUE,
    },
    optional=dict.fromkeys(NAMES[3:], VALUE),
)
NEARLY_STATUS = st.dictionaries(st.sampled_from(STATUS_NAMES), VALUE)
NOTICE_NAMES = [each.name for each in notification_shape(IngestSettings()).fields]
NEARLY_NOTICE = st.fixed_dictionaries(
    {"type": st.just("message") | VALUE, "user": st.just("u1") | VALUE},
    optional={"title": st.text(max_size=10) | VALUE, **dict.fromkeys(NOTICE_NAMES[2:], VALUE)},
)
DOCUMENT = VALUE | NEARLY | NEARLY_STATUS | st.lists(NEARLY, max_size=5)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def running(runner: asyncio.Runner) -> Iterator[Ingest]:
    context = running_ingest(device_rate=1_000_000, device_burst=1_000_000)
    yield runner.run(context.__aenter__())
    runner.run(context.__aexit__(None, None, None))


def check(ingest: Ingest, reply: Reply) -> None:
    document = reply.document
    if reply.status == 202:
        assert document["accepted"] >= 1
    else:
        assert reply.status == document["status"] == STATUS_OF[document["type"]] != 500
    for result in document.get("results", []):
        if result["status"] != "accepted":
            assert result["problem"]["status"] == STATUS_OF[result["problem"]["type"]]
    for items in ("pings", "status_changes", "reference", "notifications"):
        ingest.books(items)


FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(document=DOCUMENT, path=st.sampled_from(["/v1/pings", "/v1/status-changes"]))
def test_json_of_every_kind(runner: asyncio.Runner, running: Ingest, document: Any, path: str) -> None:
    check(running, runner.run(running.post(path, json.dumps(document).encode("utf-8", "surrogatepass"))))


@FUZZ
@given(document=VALUE | NEARLY_NOTICE | st.lists(NEARLY_NOTICE, max_size=5))
def test_notifications_of_every_kind(runner: asyncio.Runner, running: Ingest, document: Any) -> None:
    body = json.dumps(document).encode("utf-8", "surrogatepass")
    check(running, runner.run(running.post("/v1/notifications", body, credential=running.backend.text)))


@FUZZ
@given(document=VALUE, kind=st.sampled_from(["assets", "orders", "assignments", "watchers", "geofences"]))
def test_reference_of_every_kind(runner: asyncio.Runner, running: Ingest, document: Any, kind: str) -> None:
    check(running, runner.run(running.put(f"/v1/reference/{kind}/x", document)))


@FUZZ
@given(body=st.binary(max_size=500), encoding=st.sampled_from(["", "gzip", "GZIP", "gzip, gzip", "identity"]))
def test_bytes_of_every_kind(runner: asyncio.Runner, running: Ingest, body: bytes, encoding: str) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    check(running, runner.run(running.pings(body or b" ", headers=headers)))


@FUZZ
@given(document=DOCUMENT, cut=st.integers(0, 400), flip=st.integers(0, 400))
def test_damaged_documents(runner: asyncio.Runner, running: Ingest, document: Any, cut: int, flip: int) -> None:
    body = bytearray(gzip.compress(json.dumps(document).encode(), mtime=0))
    body[flip % len(body)] ^= 0x55
    damaged = bytes(body[: max(1, len(body) - cut % len(body))])
    check(running, runner.run(running.pings(damaged, headers={"Content-Encoding": "gzip"})))
