"""What the recorder counts."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class RecorderMetrics:
    """The recorder's metrics in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter(
            "fleetcast_recorder_records",
            "Live records, by what became of them: recorded, repeat, dead_letter.",
            ["outcome"],
            registry=registry,
        )
        self.latest = Counter(
            "fleetcast_recorder_latest", "Entries written to the compacted topic of latest updates.", registry=registry
        )
        self.rebuilds = Counter(
            "fleetcast_recorder_rebuilds", "Partitions whose snapshots were rebuilt from Kafka.", registry=registry
        )
        self.store_seconds = Histogram(
            "fleetcast_recorder_store_seconds", "One write of a partition's batch to Redis.", registry=registry
        )
