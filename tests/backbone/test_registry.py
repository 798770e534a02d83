"""What a registry guarantees: one contract for the twin in memory and for the client of a registry over HTTP."""

import contextlib
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backbone.memory_registry import MemoryRegistry
from backbone.registry import Registry, RegistryUnavailable, SchemaRefused, SchemaRegistry
from backbone.registry_settings import RegistrySettings
from runtime.settings import SettingsError, load_sections


def schema(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "Thing", "namespace": "test", "fields": list(fields)})


NAME = {"name": "name", "type": "string"}
SIZE = {"name": "size", "type": ["null", "long"], "default": None}
WEIGHT = {"name": "weight", "type": "long"}


@pytest.fixture(params=["memory", "http"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    if request.param == "memory":
        yield MemoryRegistry()
        return
    client = SchemaRegistry(request.getfixturevalue("registry_url"))
    yield client
    client.close()


def test_a_registered_schema_is_found_by_id_and_by_its_text(registry: Registry, unique: str) -> None:
    schema_id = registry.register(unique, schema(NAME))
    assert registry.find(unique, schema(NAME)) == schema_id
    text = registry.schema(schema_id)
    assert text is not None
    assert json.loads(text) == json.loads(schema(NAME))
    assert unique in registry.subjects()
    assert registry.versions(unique) == [1]


def test_registering_again_changes_nothing_whatever_the_order_of_attributes(registry: Registry, unique: str) -> None:
    schema_id = registry.register(unique, schema(NAME))
    turned = json.dumps(dict(reversed(json.loads(schema(NAME)).items())), indent=4)
    assert registry.register(unique, turned) == schema_id
    assert registry.versions(unique) == [1]


def test_the_same_schema_has_the_same_id_under_every_subject(registry: Registry, unique: str) -> None:
    assert registry.register(f"{unique}-a", schema(NAME)) == registry.register(f"{unique}-b", schema(NAME))


def test_what_is_not_registered_is_none_and_no_error(registry: Registry, unique: str) -> None:
    assert registry.schema(2_000_000_000) is None
    assert registry.find(unique, schema(NAME)) is None
    assert registry.versions(unique) == []
    assert registry.compatibility(unique) is None
    registry.register(unique, schema(NAME))
    assert registry.find(unique, schema(NAME, SIZE)) is None


def test_an_incompatible_schema_is_refused_by_the_name_of_its_field(registry: Registry, unique: str) -> None:
    registry.set_compatibility(unique, "FULL_TRANSITIVE")
    assert registry.compatibility(unique) == "FULL_TRANSITIVE"
    registry.register(unique, schema(NAME, SIZE))
    with pytest.raises(SchemaRefused, match=r"Thing\.weight: was added without a default") as refused:
        registry.register(unique, schema(NAME, WEIGHT))
    assert refused.value.subject == unique
    with pytest.raises(SchemaRefused, match=r"Thing\.name: was removed"):
        registry.register(unique, schema(SIZE))
    assert registry.versions(unique) == [1]


def test_transitive_levels_look_at_all_versions_others_at_the_last(registry: Registry, unique: str) -> None:
    """size is removed, and comes back as another type: only the first version minds."""
    other_size = {"name": "size", "type": ["null", "string"], "default": None}
    registry.set_compatibility(unique, "FULL")
    registry.register(unique, schema(NAME, SIZE))
    registry.register(unique, schema(NAME))
    registry.set_compatibility(unique, "FULL_TRANSITIVE")
    with pytest.raises(SchemaRefused, match=r"Thing\.size: changed from null or long to null or string"):
        registry.register(unique, schema(NAME, other_size))
    registry.set_compatibility(unique, "FULL")
    registry.register(unique, schema(NAME, other_size))


@pytest.mark.parametrize("text", ["{", '"nothing"', '{"type": "record"}', '{"type": "record", "name": "X"}'])
def test_what_is_no_schema_is_refused(registry: Registry, unique: str, text: str) -> None:
    with pytest.raises(SchemaRefused):
        registry.register(unique, text)


def test_an_unknown_level_is_refused(registry: Registry, unique: str) -> None:
    with pytest.raises(SchemaRefused):
        registry.set_compatibility(unique, "SIDEWAYS")


def test_subjects_with_odd_names_are_kept_apart(registry: Registry, unique: str) -> None:
    odd = f"{unique}/ü?x=1&y#z"
    schema_id = registry.register(odd, schema(NAME))
    assert odd in registry.subjects()
    assert registry.find(odd, schema(NAME)) == schema_id


# -- the client over HTTP, with servers that misbehave


class Answer:
    """What a server answers to everything, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.asked: list[http.server.BaseHTTPRequestHandler] = []
        self.silent = threading.Event()
        self.hold = False


@pytest.fixture
def answer() -> Answer:
    return Answer()


@pytest.fixture
def url(answer: Answer) -> Iterator[str]:
    with served(answer) as address:
        yield address


@contextlib.contextmanager
def served(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that gives this answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer.asked.append(self)
            if answer.hold:
                answer.silent.wait(10)
            self.send_response(answer.status)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    finally:
        answer.silent.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"error_code": 50001, "message": "store"}'),
        (503, b"<html>"),
        (401, b'{"error_code": 401, "message": "Unauthorized"}'),
        (403, b""),
        (404, b"no such page"),
        (301, b""),
        (200, b"not json"),
        (200, b'{"schema": 5}'),
        (200, b'["schema"]'),
        (200, b'{"schema": "{}", "schemaType": "PROTOBUF"}'),
        (200, b" " * (5 * 1024 * 1024)),
    ],
    ids=lambda each: str(each)[:30],
)
def test_every_other_answer_is_an_outage(url: str, answer: Answer, status: int, body: bytes) -> None:
    """Wrong credentials, a proxy's page, a broken registry: none of it says anything about one record."""
    answer.status, answer.body = status, body
    with pytest.raises(RegistryUnavailable):
        SchemaRegistry(url).schema(1)


def test_a_silent_registry_is_an_outage_after_the_time_limit(url: str, answer: Answer) -> None:
    answer.hold = True
    with pytest.raises(RegistryUnavailable, match="imeout"):
        SchemaRegistry(url, timeout_seconds=0.2).schema(1)


def test_nobody_there_is_an_outage() -> None:
    with pytest.raises(RegistryUnavailable, match=r"http://127\.0\.0\.1:1: "):
        SchemaRegistry("http://127.0.0.1:1").schema(1)


def test_credentials_are_sent_and_never_told(url: str, answer: Answer) -> None:
    answer.status = 401
    with pytest.raises(RegistryUnavailable) as refused:
        SchemaRegistry(url, "aladdin", "open sesame").subjects()
    assert answer.asked[0].headers["authorization"] == "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert "sesame" not in str(refused.value)


def test_a_registry_below_a_path_is_asked_there(url: str, answer: Answer) -> None:
    answer.body = b"[]"
    assert SchemaRegistry(f"{url}/apis/ccompat/v7/").subjects() == []
    assert answer.asked[0].path == "/apis/ccompat/v7/subjects"


def own_authority(folder: Path) -> Path:
    """A self-signed certificate of 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    path = folder / "authority.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password) + certificate.public_bytes(pem)
    )
    return path


def test_over_tls_only_the_named_authorities_are_trusted(tmp_path: Path) -> None:
    authority = own_authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    answer = Answer()
    answer.body = b"[]"
    with served(answer, context) as url:
        assert SchemaRegistry(url, ca_file=str(authority)).subjects() == []
        with pytest.raises(RegistryUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            SchemaRegistry(url).subjects()


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"URL": "registry:8081"}, "FLEETCAST_REGISTRY_URL: must be an http"),
        ({"URL": "http://me:secret@registry"}, "FLEETCAST_REGISTRY_URL: must not hold credentials"),
        ({"URL": "http://registry", "USERNAME": "me"}, "username and password are given together"),
        ({}, "FLEETCAST_REGISTRY_URL: is required"),
        ({"URL": "https://registry", "CA_FILE": "/no/such/file"}, "FLEETCAST_REGISTRY_CA_FILE: cannot be read"),
        ({"URL": "https://registry", "CA_FILE": __file__}, "FLEETCAST_REGISTRY_CA_FILE: cannot be read"),
    ],
)
def test_wrong_settings_are_told_at_start(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as refused:
        load_sections(
            RegistrySettings, environ={f"FLEETCAST_REGISTRY_{name}": value for name, value in environment.items()}
        )
    assert "secret" not in str(refused.value)


def test_the_settings_make_the_client() -> None:
    environ = {
        "FLEETCAST_REGISTRY_URL": "https://registry/",
        "FLEETCAST_REGISTRY_USERNAME": "me",
        "FLEETCAST_REGISTRY_PASSWORD": "secret",
    }
    settings = load_sections(RegistrySettings, environ=environ)[RegistrySettings]
    assert settings.url == "https://registry"
    SchemaRegistry.of(settings).close()
