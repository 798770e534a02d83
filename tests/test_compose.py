"""`docker-compose.kafka.yml`, checked without Docker: its form, and that it offers the same as the local stack."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from backbone.kafka_settings import KafkaSettings
from backbone.registry_settings import RegistrySettings
from runtime.settings import load_sections

PROJECT = Path(__file__).resolve().parents[1]
PATH = PROJECT / "docker-compose.kafka.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(PATH.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

# Of the Compose Specification (compose-spec.json) what this file uses: name of the key -> type of its value.
SERVICE_KEYS: dict[str, type] = {
    "image": str,
    "command": list,
    "ports": list,
    "environment": dict,
    "volumes": list,
    "depends_on": dict,
    "healthcheck": dict,
    "restart": str,
    "shm_size": str,
    "stop_grace_period": str,
}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")
# A number with a dot at least: `latest` and `9` would be another program tomorrow.
PINNED = re.compile(r"[a-z0-9./-]+:\d+\.\d+(\.\d+)?")
PORT = re.compile(r"127\.0\.0\.1:(\d+):(\d+)")
# What the image's own start script reads; all other KAFKA_ variables become settings of the broker.
NOT_BROKER_SETTINGS = {"KAFKA_HEAP_OPTS"}
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def test_the_file_has_the_parts_of_the_local_stack() -> None:
    assert set(COMPOSE) == {"name", "services", "volumes"}
    assert set(SERVICES) == {"kafka", "valkey", "postgres", "registry"}


@each_service
def test_every_key_is_one_of_the_specification(service: dict[str, Any]) -> None:
    for key, value in service.items():
        assert isinstance(value, SERVICE_KEYS[key]), key
    for name, value in service.get("environment", {}).items():
        assert isinstance(value, str), f"{name}: YAML would make {value!r} of it"


@each_service
def test_every_image_is_pinned(service: dict[str, Any]) -> None:
    assert PINNED.fullmatch(service["image"])


def test_kafka_is_the_version_that_tests_run_against() -> None:
    _, _, version = SERVICES["kafka"]["image"].partition(":")
    assert f"org.apache.kafka:kafka-server:{version} " in (PROJECT / "devstack" / "kafka_jars.lock").read_text()


@each_service
def test_ports_are_open_to_this_machine_only(service: dict[str, Any]) -> None:
    assert service["ports"]
    for port in service["ports"]:
        assert PORT.fullmatch(port)


@each_service
def test_every_part_says_when_it_is_healthy(service: dict[str, Any]) -> None:
    health = service["healthcheck"]
    assert set(health) == HEALTH_KEYS
    assert health["test"][0] == "CMD"
    assert all(isinstance(word, str) for word in health["test"])
    assert all(DURATION.fullmatch(health[key]) for key in HEALTH_KEYS - {"test", "retries"})
    assert health["retries"] > 0


@each_service
def test_who_depends_on_a_part_waits_until_it_is_healthy(service: dict[str, Any]) -> None:
    for name, how in service.get("depends_on", {}).items():
        assert name in SERVICES
        assert how == {"condition": "service_healthy"}


def test_every_volume_is_named_and_used_once() -> None:
    used = [volume.partition(":") for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert sorted(name for name, _, _ in used) == sorted(COMPOSE["volumes"])
    assert all(path.startswith("/") for _, _, path in used)


def test_kafka_advertises_what_clients_can_reach() -> None:
    environment = SERVICES["kafka"]["environment"]
    listeners = dict(each.split("://") for each in environment["KAFKA_LISTENERS"].split(","))
    advertised = dict(each.split("://") for each in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    protocols = dict(each.split(":") for each in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols) == set(listeners) == {*advertised, environment["KAFKA_CONTROLLER_LISTENER_NAMES"]}
    for name, address in advertised.items():
        assert address.rpartition(":")[2] == listeners[name].rpartition(":")[2]
    host, container = advertised["HOST"], SERVICES["kafka"]["ports"][0]
    assert container == f"{host}:{listeners['HOST'].rpartition(':')[2]}"
    assert SERVICES["registry"]["environment"]["KARAPACE_BOOTSTRAP_URI"] == advertised["INTERNAL"]
    assert environment["KAFKA_INTER_BROKER_LISTENER_NAME"] in advertised
    assert len(environment["CLUSTER_ID"]) == 22


def test_the_broker_knows_every_setting_that_is_given(kafka_bootstrap: str) -> None:
    """The image turns KAFKA_LOG_DIRS into log.dirs, and passes on whatever that gives, misspelt or not."""
    resource = ConfigResource(ResourceType.BROKER, "1")
    client = AdminClient({"bootstrap.servers": kafka_bootstrap, "log_level": 0})
    known = client.describe_configs([resource])[resource].result(20)
    given = [name for name in SERVICES["kafka"]["environment"] if name.startswith("KAFKA_")]
    settings = {name.removeprefix("KAFKA_").lower().replace("_", ".") for name in set(given) - NOT_BROKER_SETTINGS}
    assert settings <= set(known)


def test_the_printed_settings_are_those_of_the_parts() -> None:
    environ = dict(re.findall(r"^#\s+export (\w+)=(\S+)$", PATH.read_text(), re.MULTILINE))
    assert set(environ) == {
        f"FLEETCAST_{name}" for name in ("KAFKA_BOOTSTRAP", "REGISTRY_URL", "REDIS_URL", "POSTGRES_URL")
    }
    load_sections(KafkaSettings, RegistrySettings, environ=environ)
    for name, part in {"KAFKA_BOOTSTRAP": "kafka", "REGISTRY_URL": "registry", "REDIS_URL": "valkey"}.items():
        assert SERVICES[part]["ports"][0].rpartition(":")[0] in environ[f"FLEETCAST_{name}"]
    postgres = SERVICES["postgres"]["environment"]
    assert environ["FLEETCAST_POSTGRES_URL"] == (
        f"postgresql://{postgres['POSTGRES_USER']}:{postgres['POSTGRES_PASSWORD']}"
        f"@{SERVICES['postgres']['ports'][0].rpartition(':')[0]}/{postgres['POSTGRES_DB']}"
    )
