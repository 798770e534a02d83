"""`python -m backbone topics` against a real cluster, and its commands as people run them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from backbone.errors import KafkaUnavailable
from backbone.kafka_settings import KafkaSettings
from backbone.topic_admin import TopicAdmin, TopicRefused
from backbone.topic_plan import ClusterTopic, TopicOptions, TopicPlan, plan_topics
from backbone.topics import LATEST, PINGS, Topic
from tests.backbone.kafka_kinds import wait_until

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def table(unique: str, kafka_bootstrap: str) -> Iterator[list[Topic]]:
    """Two topics under names of this test's own."""
    topics = [replace(each, name=f"{each.name}.{unique}", partitions=2) for each in (PINGS, LATEST)]
    yield topics
    client = AdminClient({"bootstrap.servers": kafka_bootstrap, "log_level": 0})
    there = client.list_topics(timeout=20).topics
    names = [topic.name for topic in topics if topic.name in there]
    for future in client.delete_topics(names).values() if names else ():
        future.result(20)


@pytest.fixture
def admin(kafka_bootstrap: str) -> TopicAdmin:
    return TopicAdmin(KafkaSettings(bootstrap=kafka_bootstrap))


def plan_of(admin: TopicAdmin, table: list[Topic], options: TopicOptions | None = None) -> TopicPlan:
    return plan_topics(table, admin.cluster_topics(topic.name for topic in table), options or TopicOptions())


def test_a_plan_is_carried_out_once_and_then_there_is_nothing_to_do(admin: TopicAdmin, table: list[Topic]) -> None:
    plan = plan_of(admin, table)
    assert [creation.name for creation in plan.creations] == [topic.name for topic in table]
    admin.apply(plan)
    wait_until(lambda: plan_of(admin, table) == TopicPlan())
    latest = admin.cluster_topics([table[1].name])[table[1].name]
    assert latest == ClusterTopic(2, 1, latest.config)
    assert latest.config["cleanup.policy"] == "compact"
    admin.apply(plan)  # somebody else was faster: no error


def test_a_changed_setting_is_brought_back(admin: TopicAdmin, table: list[Topic]) -> None:
    admin.apply(plan_of(admin, table))
    longer = [replace(table[0], kept_days=9), table[1]]
    plan = plan_of(admin, longer)
    assert len(plan.changes) == 1
    admin.apply(plan)
    wait_until(lambda: plan_of(admin, longer) == TopicPlan())  # the broker that is asked may learn of it a little later


def test_nothing_is_done_when_anything_is_refused(admin: TopicAdmin, table: list[Topic]) -> None:
    admin.apply(plan_of(admin, table[:1]))
    plan = plan_of(admin, [replace(table[0], partitions=5), table[1]])
    with pytest.raises(TopicRefused, match="keys would move"):
        admin.apply(plan)
    assert list(admin.cluster_topics(topic.name for topic in table)) == [table[0].name]


def test_more_copies_than_brokers_may_come_yet(admin: TopicAdmin, table: list[Topic]) -> None:
    with pytest.raises(KafkaUnavailable, match="INVALID_REPLICATION_FACTOR"):
        admin.apply(plan_of(admin, table, TopicOptions(replication_factor=3)))


def test_a_setting_that_the_broker_refuses_is_no_outage(admin: TopicAdmin, table: list[Topic]) -> None:
    with pytest.raises(TopicRefused, match=r"min\.insync\.replicas"):
        admin.apply(plan_of(admin, table, TopicOptions(min_insync_replicas=-3)))


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
    return subprocess.run(
        [sys.executable, "-m", "backbone", *arguments],
        cwd=PROJECT,
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_plan_of_a_cluster_is_printed(kafka_bootstrap: str) -> None:
    done = run("topics", "plan", FLEETCAST_KAFKA_BOOTSTRAP=kafka_bootstrap)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout or "create fleet.pings.v1: 8 partitions, " in done.stdout
    assert "client.actions" not in done.stdout  # reserved: made with its first writer


@pytest.mark.parametrize("command", [("topics", "plan"), ("schemas", "register")], ids=" ".join)
def test_missing_settings_are_told_by_name(command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.returncode == 2
    assert done.stderr.startswith("FLEETCAST_")
    assert "is required" in done.stderr


def test_waiting_for_a_registry_ends_at_the_limit() -> None:
    done = run("schemas", "register", "--wait", "0.1", FLEETCAST_REGISTRY_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "waiting: schema registry http://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_schemas_are_checked_offline() -> None:
    done = run("schemas", "check")
    assert done.returncode == 0, done.stdout
    assert "LiveUpdate: ok" in done.stdout


def test_schemas_are_registered_at_a_real_registry(registry_url: str) -> None:
    for _ in range(2):
        done = run("schemas", "register", FLEETCAST_REGISTRY_URL=registry_url)
        assert done.returncode == 0, done.stderr
    assert "fleet.live.v1-value: has LiveUpdate already" in done.stdout
