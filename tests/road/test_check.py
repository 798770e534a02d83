"""`--check` of every process tells all that is wrong with its settings at once; it needs no server, shows no secret."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devstack.fakes.keys import KeyFiles
from devstack.fakes.serving import Ports, sender_settings
from devstack.product import PROCESSES

PROJECT = Path(__file__).resolve().parents[2]
MODULES = [process.module for process in PROCESSES]
GOOD = {
    "FLEETCAST_KAFKA_BOOTSTRAP": "kafka.invalid:9092",
    "FLEETCAST_REGISTRY_URL": "https://registry.invalid",
    "FLEETCAST_REDIS_URL": "rediss://user:s3cret@redis.invalid/0",
    "FLEETCAST_POSTGRES_URL": "postgresql://user:s3cret@postgres.invalid/fleetcast?sslmode=verify-full",
    "FLEETCAST_ACCESS_JWT_HMAC_SECRET": "s3cret" * 8,
}
BAD = {
    "FLEETCAST_LOG_LEVEL": "loud",
    "FLEETCAST_KAFKA_BOOTSTRAP": "kafka.invalid:9092",
    "FLEETCAST_KAFKA_PROPERTY_ACKS": "1",
    "FLEETCAST_KAFKA_PROPERTY_SASL_PASSWORD": "s3cret",
    "FLEETCAST_REGISTRY_URL": "registry.invalid",
    "FLEETCAST_REDIS_URL": "http://:s3cret@redis.invalid",
    "FLEETCAST_POSTGRES_URL": "mysql://user:s3cret@postgres.invalid/fleetcast",
    "FLEETCAST_ACCESS_JWT_HMAC_SECRET": "s3cret",
    "FLEETCAST_INGEST_PORT": "99999",
    "FLEETCAST_GRPC_MESSAGE_BYTES": "1",
    "FLEETCAST_ADMIN_PORT": "-1",
    "FLEETCAST_GATEWAY_PORT": "banana",
    "FLEETCAST_CONTROL_ALLOWED_ORIGINS": "app.example.com",
    "FLEETCAST_GATEWAY_PING_SECONDS": "soon",
    "FLEETCAST_ENRICH_BACTH_RECORDS": "7",
    "FLEETCAST_ROUTE_BATCH_RECORDS": "0",
    "FLEETCAST_ADDRESS_CHUNK_FOLLOWERS": "0",
    "FLEETCAST_RECORDER_KEEP_DAYS": "0",
    "FLEETCAST_SENDERS_PROVIDERS": "fcm,apns",
    "FLEETCAST_SENDERS_RATE": "0",
    "FLEETCAST_FCM_CREDENTIALS": "s3cret",
    "FLEETCAST_APNS_TEAM_ID": "s3cret",
    "FLEETCAST_APNS_KEY_ID": "DEMOKEY001",
    "FLEETCAST_APNS_KEY": "s3cret",
}
ALL = ["FLEETCAST_LOG_LEVEL", "FLEETCAST_KAFKA_*", "FLEETCAST_REGISTRY_URL"]
TOLD = {
    "ingest": [*ALL, "FLEETCAST_INGEST_PORT", "FLEETCAST_GRPC_MESSAGE_BYTES", "FLEETCAST_POSTGRES_URL"],
    "stream_processors.enrich": [
        *ALL,
        "FLEETCAST_ADMIN_PORT",
        "FLEETCAST_REDIS_URL",
        "FLEETCAST_ENRICH_BACTH_RECORDS",
    ],
    "stream_processors.route": [*ALL, "FLEETCAST_ADMIN_PORT", "FLEETCAST_REDIS_URL", "FLEETCAST_ROUTE_BATCH_RECORDS"],
    "stream_processors.address": [
        *ALL,
        "FLEETCAST_ADMIN_PORT",
        "FLEETCAST_POSTGRES_URL",
        "FLEETCAST_ADDRESS_CHUNK_FOLLOWERS",
    ],
    "push_service.recorder": [*ALL, "FLEETCAST_ADMIN_PORT", "FLEETCAST_REDIS_URL", "FLEETCAST_RECORDER_KEEP_DAYS"],
    "push_service.dispatcher": [*ALL, "FLEETCAST_ADMIN_PORT", "FLEETCAST_REDIS_URL", "FLEETCAST_POSTGRES_URL"],
    "push_service.senders": [
        *ALL,
        "FLEETCAST_ADMIN_PORT",
        "FLEETCAST_POSTGRES_URL",
        "FLEETCAST_SENDERS_RATE",
        "FLEETCAST_FCM_*",
        "FLEETCAST_APNS_TEAM_ID",
        "FLEETCAST_APNS_TOPICS",
    ],
    "control_api": [
        *ALL,
        "FLEETCAST_REDIS_URL",
        "FLEETCAST_POSTGRES_URL",
        "FLEETCAST_ACCESS_*",
        "FLEETCAST_CONTROL_ALLOWED_ORIGINS",
    ],
    "push_service.gateway": [
        *ALL,
        "FLEETCAST_REDIS_URL",
        "FLEETCAST_POSTGRES_URL",
        "FLEETCAST_ACCESS_*",
        "FLEETCAST_GATEWAY_PORT",
        "FLEETCAST_GATEWAY_PING_SECONDS",
    ],
}
Checks = dict[str, subprocess.CompletedProcess[str]]


def _check_all(settings: Mapping[str, str]) -> Checks:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}

    def check(module: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", module, "--check"]
        return subprocess.run(
            argv, cwd=PROJECT, env={**kept, **settings}, capture_output=True, text=True, timeout=60, check=False
        )

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(MODULES, pool.map(check, MODULES), strict=True))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Checks:
    keys = KeyFiles(tmp_path_factory.mktemp("keys"))
    keys.make("http://token.invalid/token")
    senders = {"FLEETCAST_SENDERS_PROVIDERS": "fcm,apns", **sender_settings(Ports(1, 2, 3, 4), keys)}
    return _check_all(GOOD | senders)


@pytest.fixture(scope="module")
def bad() -> Checks:
    return _check_all(BAD)


@pytest.mark.parametrize("module", MODULES)
def test_good_settings_are_ok_though_no_server_is_there(good: Checks, module: str) -> None:
    assert (good[module].returncode, good[module].stdout, good[module].stderr) == (0, "ok\n", "")


@pytest.mark.parametrize("module", MODULES)
def test_all_that_is_wrong_is_told_at_once_each_on_its_line(bad: Checks, module: str) -> None:
    assert bad[module].returncode == 2
    lines = bad[module].stderr.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == sorted(TOLD[module])


@pytest.mark.parametrize("module", MODULES)
def test_what_is_told_has_no_secret(bad: Checks, module: str) -> None:
    assert "s3cret" not in bad[module].stderr + bad[module].stdout
