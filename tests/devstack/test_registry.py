"""The development registry as a process of its own, asked by Confluent's client and by hand."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.registry.kept_registry import FILE_NAME, KeptRegistry, KeptRegistryError
from tests.confluent_registry import Schema, SchemaRegistryClient, SchemaRegistryError

PROJECT = Path(__file__).resolve().parents[2]
THING = {"type": "record", "name": "Thing", "fields": [{"name": "id", "type": "string"}]}
WITH_SIZE = {**THING, "fields": [*THING["fields"], {"name": "size", "type": ["null", "long"], "default": None}]}
BROKEN = {**THING, "fields": [{"name": "id", "type": "long"}]}


def avro(schema: Any) -> Schema:
    return Schema(json.dumps(schema), "AVRO")


class Running:
    """A registry process on a free port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        argv = [sys.executable, "-m", "devstack.registry", "--port", str(port), "--data", str(folder)]
        self.process = subprocess.Popen(argv, cwd=PROJECT, stderr=subprocess.PIPE)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/subjects", timeout=5).close()
            except urllib.error.URLError:
                assert self.process.poll() is None, self.process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=10)
        return self.process.returncode


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    registry = Running(tmp_path)
    yield registry
    if registry.process.poll() is None:
        registry.end()


@pytest.fixture
def client(registry_url: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry_url}) as client:
        yield client


def ask(url: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and JSON of one request."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_confluents_client_registers_finds_and_lists(client: SchemaRegistryClient, unique: str) -> None:
    schema_id = client.register_schema(unique, avro(THING))
    assert client.register_schema(unique, avro(WITH_SIZE)) != schema_id
    found = client.lookup_schema(unique, avro(THING))
    assert (found.schema_id, found.version, found.subject) == (schema_id, 1, unique)
    text = client.get_schema(schema_id).schema_str
    assert text is not None
    assert json.loads(text) == THING
    assert client.get_versions(unique) == [1, 2]
    assert client.get_latest_version(unique).version == 2
    assert client.get_version(unique, 1).schema_id == schema_id
    assert unique in client.get_subjects()
    assert (unique, 1) in {(each.subject, each.version) for each in client.get_schema_versions(schema_id)}


def test_confluents_client_sets_levels_and_checks_compatibility(client: SchemaRegistryClient, unique: str) -> None:
    client.register_schema(unique, avro(THING))
    client.set_compatibility(unique, "FULL_TRANSITIVE")
    assert client.get_compatibility(unique) == "FULL_TRANSITIVE"
    assert client.test_compatibility(unique, avro(WITH_SIZE))
    assert not client.test_compatibility(unique, avro(BROKEN))
    with pytest.raises(SchemaRegistryError, match=r"Thing\.id: changed from string to long") as refused:
        client.register_schema(unique, avro(BROKEN))
    assert (refused.value.http_status_code, refused.value.error_code) == (409, 409)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/{unknown}/versions", 404, 40401),
        ("/subjects/{unknown}/versions/1", 404, 40401),
        ("/subjects/{known}/versions/7", 404, 40402),
        ("/subjects/{known}/versions/0", 422, 42202),
        ("/subjects/{known}/versions/first", 422, 42202),
        ("/schemas/ids/2000000000", 404, 40403),
        ("/schemas/ids/none/versions", 404, 40403),
        ("/config/{known}", 404, 40408),
        ("/no/such/route", 404, 404),
    ],
)
def test_what_is_not_there_has_its_own_code(registry_url: str, unique: str, path: str, status: int, code: int) -> None:
    ask(f"{registry_url}/subjects/{unique}/versions", "POST", {"schema": json.dumps(THING)})
    answered, body = ask(registry_url + path.format(known=unique, unknown=f"{unique}-unknown"))
    assert (answered, body["error_code"]) == (status, code)
    assert body["message"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, 400),
        ([], 400, 400),
        ({}, 422, 42201),
        ({"schema": "{"}, 422, 42201),
        ({"schema": '{"type": "record"}'}, 422, 42201),
        ({"schema": "{}", "schemaType": "PROTOBUF"}, 422, 42201),
        ({"schema": json.dumps(THING), "references": [{"name": "a", "subject": "b", "version": 1}]}, 422, 42201),
    ],
    ids=str,
)
def test_what_cannot_be_registered_is_told(registry_url: str, unique: str, body: Any, status: int, code: int) -> None:
    answered, told = ask(f"{registry_url}/subjects/{unique}/versions", "POST", body)
    assert (answered, told["error_code"]) == (status, code)


def test_an_unregistered_schema_of_a_known_subject_is_40403(registry_url: str, unique: str) -> None:
    versions = f"{registry_url}/subjects/{unique}"
    assert ask(versions, "POST", {"schema": json.dumps(THING)})[1]["error_code"] == 40401
    ask(f"{versions}/versions", "POST", {"schema": json.dumps(THING)})
    assert ask(versions, "POST", {"schema": json.dumps(WITH_SIZE)})[1]["error_code"] == 40403


def test_a_level_of_its_own_or_the_default(running: Running) -> None:
    assert ask(f"{running.url}/config") == (200, {"compatibilityLevel": "BACKWARD"})
    assert ask(f"{running.url}/config", "PUT", {"compatibility": "FULL"}) == (200, {"compatibility": "FULL"})
    assert ask(f"{running.url}/config/x?defaultToGlobal=true") == (200, {"compatibilityLevel": "FULL"})
    assert ask(f"{running.url}/config/x", "PUT", {"compatibility": "SIDEWAYS"})[1]["error_code"] == 42203
    assert ask(f"{running.url}/mode") == (200, {"mode": "READWRITE"})
    assert ask(f"{running.url}/schemas/types") == (200, ["AVRO"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ids_versions_and_levels_survive_a_restart(tmp_path: Path, number: signal.Signals) -> None:
    registry = Running(tmp_path)
    ask(f"{registry.url}/config", "PUT", {"compatibility": "FULL"})
    for subject, schema in (("b", THING), ("a", WITH_SIZE), ("a", THING)):
        ask(f"{registry.url}/subjects/{subject}/versions", "POST", {"schema": json.dumps(schema)})
    ask(f"{registry.url}/config/a", "PUT", {"compatibility": "FULL_TRANSITIVE"})
    before = [ask(f"{registry.url}{path}") for path in ("/subjects", "/schemas/ids/1/versions", "/config", "/config/a")]
    assert registry.end(number) in (0, -9)
    again = Running(tmp_path)
    after = [ask(f"{again.url}{path}") for path in ("/subjects", "/schemas/ids/1/versions", "/config", "/config/a")]
    body = {"schema": json.dumps({**THING, "doc": "New."})}
    assert ask(f"{again.url}/subjects/c/versions", "POST", body) == (200, {"id": 3})
    assert again.end() == 0
    assert after == before


def test_a_change_that_was_cut_off_is_forgotten_and_the_rest_kept(tmp_path: Path) -> None:
    registry = KeptRegistry(tmp_path)
    registry.register("a", json.dumps(THING))
    registry.close()
    path = tmp_path / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    again = KeptRegistry(tmp_path)
    assert again.subjects() == ["a"]
    assert again.register("b", json.dumps(WITH_SIZE)) == 2
    again.close()
    last = KeptRegistry(tmp_path)
    assert last.subjects() == ["a", "b"]
    last.close()


def test_a_file_that_is_not_ours_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"subject": "a", "level": "FULL"}\n{"what": 1}\n')
    with pytest.raises(KeptRegistryError, match="line 2"):
        KeptRegistry(tmp_path)
