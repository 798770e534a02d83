"""A group member that takes a batch and never finishes it: until it is killed."""

import sys
import threading
from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry

from backbone.group_consumer import GroupConsumer, PartitionRef
from backbone.kafka_metrics import ConsumerMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.record import InRecord
from runtime.health import Health
from tests.backbone.kafka_kinds import QUICK


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Stuck:
    """Handles batches, but not one with the record `stick`."""

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:
        return None

    def handle(self, records: Sequence[InRecord]) -> None:
        say(f"handling {len(records)}")
        if any(each.value == b"stick" for each in records):
            say("stuck")
            threading.Event().wait()

    def tick(self) -> None:
        pass

    def released(self, partition: PartitionRef, *, lost: bool) -> None:
        pass


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    bootstrap, group, topic = sys.argv[1:]
    GroupConsumer(
        KafkaSettings(bootstrap=bootstrap),
        group,
        [topic],
        Stuck(),
        ConsumerMetrics(CollectorRegistry()),
        Health().require("group"),
        QUICK,
    ).run(threading.Event())
