"""What producers and consumers count. Each takes the process's registry; names say what, labels say where."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class PublisherMetrics:
    """Of the publishers of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.published = Counter(
            "fleetcast_kafka_published_total", "Records by outcome.", ["outcome"], registry=registry
        )
        self.seconds = Histogram(
            "fleetcast_kafka_publish_seconds",
            "From publish to the acknowledgement of the call's last record.",
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "fleetcast_kafka_in_flight_records", "Records that wait for an acknowledgement.", registry=registry
        )
        self.in_flight_bytes = Gauge(
            "fleetcast_kafka_in_flight_bytes", "Bytes that wait for an acknowledgement.", registry=registry
        )
        self.fatal = Counter(
            "fleetcast_kafka_producer_replaced_total", "Producers replaced after a fatal error.", registry=registry
        )


class ConsumerMetrics:
    """Of the consumer groups of one process, each labelled with its group."""

    def __init__(self, registry: CollectorRegistry) -> None:
        partition = ["group", "topic", "partition"]
        self.lag = Gauge(
            "fleetcast_kafka_lag_records",
            "Records between what is done and the end of the partition.",
            partition,
            registry=registry,
        )
        self.records = Counter(
            "fleetcast_kafka_handled_total", "Records handled, by topic.", ["group", "topic"], registry=registry
        )
        self.out_of_range = Counter(
            "fleetcast_kafka_out_of_range_total",
            "Offsets that the broker no longer or never had; reading began again at the earliest it has.",
            partition,
            registry=registry,
        )
        self.batch_size = Histogram(
            "fleetcast_kafka_batch_records", "Records in a batch.", ["group"], buckets=SIZES, registry=registry
        )
        self.handle_seconds = Histogram(
            "fleetcast_kafka_handle_seconds", "To handle a batch.", ["group"], buckets=SECONDS, registry=registry
        )
        self.outages = Counter(
            "fleetcast_kafka_outages_total",
            "Times that work was put off because something that all records need is away.",
            ["group"],
            registry=registry,
        )
        self.partitions = Gauge(
            "fleetcast_kafka_assigned_partitions", "Partitions this member has.", ["group"], registry=registry
        )
        self.commits = Counter(
            "fleetcast_kafka_commits_total", "Commits by outcome.", ["group", "outcome"], registry=registry
        )
        self.rebalances = Counter(
            "fleetcast_kafka_rebalances_total",
            "Partitions given, taken away in good order, or lost.",
            ["group", "kind"],
            registry=registry,
        )
