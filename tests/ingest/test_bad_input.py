"""Bad input over real HTTP: each kind has its own clear answer, and nothing of it reaches Kafka."""

import asyncio
import json
from typing import Any

import pytest

from access.credential_text import new_credential_text
from access.minting import mint_backend
from domain.instants import SECOND
from tests.ingest.rig import Ingest, ago, clock, ping, running_ingest, zipped
from tests.runtime.raw_http import Client

# Who


async def test_no_credential(ingest: Ingest) -> None:
    reply = await ingest.send("POST", "/v1/pings", json.dumps(ping()).encode())
    reply.problem(401, "credential-missing")
    assert reply.headers["www-authenticate"] == 'Bearer realm="fleetcast"'


@pytest.mark.parametrize("credential", ["nonsense", new_credential_text(), "fc_x_y", "a" * 5_000])
async def test_unknown_credential(ingest: Ingest, credential: object) -> None:
    reply = await ingest.pings(ping(), credential=credential)
    reply.problem(401, "credential-unknown")
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


async def test_expired_credential(ingest: Ingest) -> None:
    minted = mint_backend(fleet="acme", tenant=None, now=clock() - 10 * SECOND, expires_at=clock() - SECOND)
    await ingest.store.add(minted.credential)
    (await ingest.pings(ping(), credential=minted.text)).problem(401, "credential-expired")


async def test_revoked_credential(ingest: Ingest) -> None:
    assert (await ingest.pings(ping())).status == 202
    await ingest.store.revoke(ingest.device.credential.id)
    deadline = asyncio.get_running_loop().time() + 5
    while (reply := await ingest.pings(ping())).status == 202:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    reply.problem(401, "credential-revoked")


async def test_an_asset_that_the_credential_is_not_bound_to(ingest: Ingest) -> None:
    (await ingest.pings(ping(asset="truck-8"))).problem(403, "asset-not-bound", "/asset")
    (await ingest.pings([ping(asset="a"), ping(asset="b")])).problem(403, "asset-not-bound", "/0/asset", "/1/asset")


async def test_fleets(ingest: Ingest) -> None:
    item = ping()
    (await ingest.pings(item, credential=ingest.tenant.text)).problem(400, "fleet-required")
    for path, status, slug in (
        ("/v1/pings?fleet=other", 403, "fleet-not-allowed"),
        ("/v1/pings?fleet=a%2Fb", 400, "bad-fleet"),
        ("/v1/pings?fleet=", 400, "bad-fleet"),
        ("/v1/pings?fleet=acme&fleet=acme", 400, "bad-fleet"),
    ):
        (await ingest.post(path, item, credential=ingest.tenant.text)).problem(status, slug)


async def test_a_device_is_no_back_end(ingest: Ingest) -> None:
    (await ingest.put("/v1/reference/assets/a", {}, credential=ingest.device.text)).problem(
        403, "wrong-credential-kind"
    )


async def test_credentials_cannot_be_checked(ingest: Ingest) -> None:
    ingest.store.away = True
    reply = await ingest.pings(ping())
    reply.problem(503, "credentials-unavailable")
    assert int(reply.headers["retry-after"]) > 0


# What is no JSON


@pytest.mark.parametrize(
    ("body", "slug", "pointers", "said"),
    [
        (b"", "invalid-json", ("",), "the body is empty"),
        (b"not json", "invalid-json", ("",), "line 1, column 1"),
        (b'{"asset": "truck-7",\n "lat": }', "invalid-json", ("",), "line 2, column 9"),
        (b'[{"lat": NaN}]', "non-finite-number", ("/0/lat",), "NaN"),
        (b'{"lat": Infinity, "lon": -Infinity}', "non-finite-number", ("/lat", "/lon"), "see errors"),
        (b'[{}, {"lat": 1, "lat": 2}]', "duplicate-names", ("/1/lat",), "twice"),
        (b'{"attributes": {"a": 1, "a": 2}}', "duplicate-names", ("/attributes/a",), "twice"),
        (b'{"asset": "\xff"}', "invalid-utf8", ("",), "byte 11"),
        (b"[" * 50_000, "json-too-deep", ("",), "deeply"),
        (b'{"a":' * 50_000, "json-too-deep", ("",), "deeply"),
    ],
)
async def test_not_json(ingest: Ingest, body: bytes, slug: str, pointers: tuple[str, ...], said: str) -> None:
    document = (await ingest.pings(body)).problem(400, slug, *pointers)
    assert said in document["detail"]
    assert ingest.books() == {slug: 1}


# What is no ping


@pytest.mark.parametrize(
    ("wrong", "slug", "pointers"),
    [
        ({"asset": "a/b"}, "bad-id", ("/asset",)),
        ({"asset": ""}, "bad-id", ("/asset",)),
        ({"asset": "x" * 129}, "bad-id", ("/asset",)),
        ({"id": "a b"}, "bad-id", ("/id",)),
        ({"asset": 7}, "wrong-type", ("/asset",)),
        ({"lat": "53.4"}, "wrong-type", ("/lat",)),
        ({"lat": True}, "wrong-type", ("/lat",)),
        ({"lat": None}, "wrong-type", ("/lat",)),
        ({"time": 1769443022}, "wrong-type", ("/time",)),
        ({"attributes": []}, "wrong-type", ("/attributes",)),
        ({"attributes": {"deep": {"er": 1}}}, "wrong-type", ("/attributes/deep",)),
        ({"colour": "red"}, "unknown-field", ("/colour",)),
        ({"lat": 90.1}, "out-of-range", ("/lat",)),
        ({"lat": -90.1, "lon": 180.1}, "out-of-range", ("/lat", "/lon")),
        ({"heading": 360}, "out-of-range", ("/heading",)),
        ({"speed": -1}, "out-of-range", ("/speed",)),
        ({"battery": 83}, "out-of-range", ("/battery",)),
        ({"accuracy": -1}, "out-of-range", ("/accuracy",)),
        ({"lat": 10**400}, "out-of-range", ("/lat",)),
        ({"attributes": {"big": 2**63}}, "out-of-range", ("/attributes/big",)),
        ({"attributes": {"n": "\0"}}, "bad-text", ("/attributes/n",)),
        ({"attributes": {"n": "\ud800"}}, "bad-text", ("/attributes/n",)),
        ({"attributes": {"n": "x" * 1025}}, "bad-text", ("/attributes/n",)),
        ({"attributes": {f"k{i}": 1 for i in range(65)}}, "bad-attributes", ("/attributes",)),
        ({"attributes": {"k" * 65: 1}}, "bad-attributes", (f"/attributes/{'k' * 64}...",)),
        ({"time": "2026-01-26T15:57:02"}, "time-without-zone", ("/time",)),
        ({"time": "yesterday"}, "bad-time", ("/time",)),
        ({"time": "2026-02-30T00:00:00Z"}, "bad-time", ("/time",)),
        ({"time": ago(-3_600)}, "time-in-future", ("/time",)),
        ({"time": "9999-12-31T23:59:59Z"}, "time-in-future", ("/time",)),
        ({"time": ago(31 * 86_400)}, "time-too-old", ("/time",)),
        ({"time": "0001-01-01T00:00:00Z"}, "time-too-old", ("/time",)),
        ({"lat": 91, "colour": "red"}, "invalid-item", ("/lat", "/colour")),
        ({"\ud800": 1}, "unknown-field", ("/\\ud800",)),
    ],
)
async def test_not_a_ping(ingest: Ingest, wrong: dict[str, Any], slug: str, pointers: tuple[str, ...]) -> None:
    (await ingest.pings(ping(**wrong))).problem(400, slug, *pointers)
    (await ingest.pings([ping(**wrong)])).problem(400, slug, *(f"/0{each}" for each in pointers))
    (mixed, good) = (await ingest.pings([ping(**wrong), ping(id="good")])).results()
    assert mixed["problem"]["type"] == f"/problems/{slug}"
    assert good["status"] == "accepted"
    assert [each.id for each in ingest.sent_pings()] == ["good"]


async def test_numbers_beyond_floats(ingest: Ingest) -> None:
    body = json.dumps(ping(attributes={"x": 0})).replace('"x": 0', '"x": 1e400').replace("53.4", "1e400").encode()
    (await ingest.pings(body)).problem(400, "out-of-range", "/lat", "/attributes/x")


@pytest.mark.parametrize("name", ["asset", "time", "lat", "lon"])
async def test_missing_fields(ingest: Ingest, name: str) -> None:
    item = ping()
    del item[name]
    (await ingest.pings(item)).problem(400, "missing-field", f"/{name}")


@pytest.mark.parametrize("value", [None, 7, "ping", True])
async def test_neither_object_nor_list(ingest: Ingest, value: Any) -> None:
    (await ingest.pings(value)).problem(400, "wrong-type", "")


async def test_a_list_of_which_nothing_is_good(ingest: Ingest) -> None:
    reply = await ingest.pings([ping(lat=91), {}, 7])
    document = reply.problem(400, "invalid-item", "/0/lat", "/1/asset", "/1/time", "/1/lat", "/1/lon", "/2")
    assert (document["accepted"], document["refused"], len(document["results"])) == (0, 3, 3)
    assert ingest.kafka.calls == 0


# How much


async def test_batch_lengths(ingest: Ingest) -> None:
    (await ingest.pings([])).problem(400, "empty-batch")
    document = (await ingest.pings([{}] * 1_001)).problem(413, "batch-too-long")
    assert "1000" in document["detail"]
    assert ingest.books() == {"empty-batch": 1, "batch-too-long": 1_001}


async def test_a_body_too_large_as_sent_and_inflated(ingest: Ingest) -> None:
    (await ingest.pings(b" " * (1024**2 + 1))).problem(413, "body-too-large")
    bomb = zipped(" " * (11 * 1024**2))
    assert len(bomb) < 20_000
    (await ingest.pings(bomb, headers={"Content-Encoding": "gzip"})).problem(413, "body-too-large")


async def test_damaged_gzip(ingest: Ingest) -> None:
    whole = zipped([ping()] * 10)
    for body in (whole[:-20], whole[:-1], b"garbage", b"", whole[:20] + b"\0\0\0\0" + whole[24:]):
        (await ingest.pings(body, headers={"Content-Encoding": "gzip"})).problem(400, "bad-content-encoding")


async def test_encodings_and_content_types_that_are_not_taken(ingest: Ingest) -> None:
    (await ingest.pings(ping(), headers={"Content-Encoding": "br"})).problem(415, "unsupported-content-encoding")
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"):
        reply = await ingest.pings(ping(), headers={"Content-Type": content_type})
        reply.problem(415, "unsupported-media-type")
    reply = await ingest.send("POST", "/v1/pings", credential=ingest.device.text)
    reply.problem(415, "unsupported-media-type")


async def test_a_slow_body() -> None:
    async with running_ingest(body_seconds=0.2) as ingest:
        client = await Client.connect(ingest.url)
        head = (
            f"POST /v1/pings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ingest.device.text}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        await client.send(head.encode())
        answer = await client.answer()
        assert (answer.status, answer.problem()["type"]) == (408, "/problems/body-timeout")
        await client.closed()
        client.close()


async def test_too_many_bodies_at_a_time() -> None:
    async with running_ingest(bodies_bytes=1024**2, body_seconds=5) as ingest:
        client = await Client.connect(ingest.url)
        head = (
            f"POST /v1/pings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ingest.device.text}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {1024**2}\r\n\r\n[\n"
        )
        await client.send(head.encode())
        deadline = asyncio.get_running_loop().time() + 5
        while (reply := await ingest.pings(ping())).status == 202:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)
        reply.problem(503, "overloaded")
        assert int(reply.headers["retry-after"]) > 0
        client.close()
        while (await ingest.pings(ping())).status != 202:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)


async def test_headers_too_large(ingest: Ingest) -> None:
    reply = await ingest.pings(ping(), headers={"X-Filler": "x" * 20_000})
    reply.problem(431, "header-too-large")


# Where


async def test_wrong_methods_and_paths(ingest: Ingest) -> None:
    reply = await ingest.send("GET", "/v1/pings", credential=ingest.device.text)
    reply.problem(405, "method-not-allowed")
    assert reply.headers["allow"] == "POST"
    reply = await ingest.send("POST", "/v1/reference/assets/a", b"{}", credential=ingest.backend.text)
    reply.problem(405, "method-not-allowed")
    assert reply.headers["allow"] == "DELETE, PUT"
    (await ingest.send("POST", "/v2/pings", b"{}")).problem(404, "not-found")


async def test_nothing_of_it_reached_kafka(ingest: Ingest) -> None:
    for body in (b"x", b"[]", b"{}", b"[{}]", b'{"lat": NaN}'):
        await ingest.pings(body)
    assert ingest.kafka.calls == 0
    assert sum(ingest.books().values()) == 5
