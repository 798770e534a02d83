"""`repair-sns` on a real PostgreSQL and moto's SNS."""

import hashlib
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from mypy_boto3_sns import SNSClient
from pydantic import SecretStr
from sqlalchemy import Engine, text

from devstack.ports import LOOPBACK, free_port
from domain.instants import SECOND
from push_service.sns.settings import SnsSettings
from push_service.tasks.progress import Progress
from push_service.tasks.repair_sns import FEWEST, run
from push_service.tasks.settings import TasksSettings
from push_service.tasks.task import Tools
from runtime.settings import Loaded
from storage.postgres.engine import open_sync_engine
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings

REGION = "eu-central-1"
NOW = 1_790_000_000 * SECOND


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Stand:
    def __init__(self, engine: Engine, url: str) -> None:
        self.engine = engine
        self.sns: SNSClient = boto3.client(
            "sns", region_name=REGION, endpoint_url=url, aws_access_key_id="id", aws_secret_access_key="secret"
        )
        made = self.sns.create_platform_application(Name=f"app{free_port()}", Platform="GCM", Attributes={})
        self.application = made["PlatformApplicationArn"]
        self.topic = self.sns.create_topic(Name=f"all{free_port()}")["TopicArn"]
        self.settings = SnsSettings(
            region=REGION,
            url=url,
            access_key_id="id",
            secret_access_key=SecretStr("secret"),
            applications=[self.application],
            topic=self.topic,
        )
        self.told: list[str] = []

    def run(self, *, dry: bool = False) -> int:
        tools = Tools(Loaded({SnsSettings: self.settings}), TasksSettings(), self.engine, list, NOW)
        return run(tools, Progress(self.told.append, dry_run=dry))

    def endpoint(self, name: str) -> str:
        return self.sns.create_platform_endpoint(PlatformApplicationArn=self.application, Token=name * 20)[
            "EndpointArn"
        ]

    def install(self, name: str, token: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO installations (tenant, id, user_id, provider, platform, push_token, token_hash,"
                    " token_at, created_at, refreshed_at)"
                    " VALUES ('acme', :id, 'u', 'sns', 'android', :token, :hash, now(), now(), now())"
                ),
                {"id": name, "token": token, "hash": hashlib.sha256(token.encode()).digest()},
            )

    def disabled(self) -> dict[str, str | None]:
        with self.engine.begin() as connection:
            rows = connection.execute(text("SELECT id, disabled_reason FROM installations"))
            return {row.id: row.disabled_reason for row in rows}

    def subscribed(self) -> set[str]:
        return {each["Endpoint"] for each in self.sns.list_subscriptions_by_topic(TopicArn=self.topic)["Subscriptions"]}


@pytest.fixture
def stand(postgres_url: str, url: str) -> Iterator[Stand]:
    settings = PostgresSettings(url=SecretStr(postgres_url))
    migrate(settings)
    engine = open_sync_engine(settings, "test")
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE installations"))
    yield Stand(engine, url)
    engine.dispose()


def test_what_differs_is_repaired_once_and_a_dry_run_only_tells(stand: Stand) -> None:
    good, off, gone, left = (stand.endpoint(name) for name in "abcd")
    for name, endpoint in (("good", good), ("off", off), ("gone", gone)):
        stand.install(name, endpoint)
    stand.install("raw", "e" * 40)
    stand.install("others", good.replace(stand.application.rpartition("/")[2], "somebody-elses"))
    stand.sns.set_endpoint_attributes(EndpointArn=off, Attributes={"Enabled": "false"})
    stand.sns.delete_endpoint(EndpointArn=gone)
    for endpoint in (off, left):
        stand.sns.subscribe(TopicArn=stand.topic, Protocol="application", Endpoint=endpoint)

    assert stand.run(dry=True) == 5
    assert set(stand.disabled().values()) == {None}
    assert stand.subscribed() == {off, left}
    assert stand.told[-1].startswith("would: ")

    assert stand.run() == 5
    assert stand.disabled() == {
        "good": None,
        "off": "EndpointDisabled",
        "gone": "NotFound",
        "raw": None,
        "others": None,
    }
    assert stand.subscribed() == {good}
    assert stand.run() == 0


def test_when_most_endpoints_are_missing_none_is_disabled(stand: Stand) -> None:
    """The account or the application in the settings is wrong."""
    prefix = stand.application.replace(":app/", ":endpoint/")
    for number in range(FEWEST):
        stand.install(f"i-{number}", f"{prefix}/5e3e9847-3183-3f18-a7e8-{number:012d}")

    assert stand.run() == 0

    assert set(stand.disabled().values()) == {None}
    assert any("too many to be true" in line for line in stand.told)
