"""Where Kafka is, and how to log in. Any librdkafka property can be passed through."""

from collections.abc import Mapping
from typing import Any, Self

from confluent_kafka import KafkaException, Producer
from pydantic import Field, model_validator

from backbone.errors import kafka_error
from backbone.library_log import LibraryLog
from runtime.settings import Properties, Section

ClientConfig = dict[str, Any]

# What correctness needs is decided in code (docs/architecture.md, rules of correctness); each with the reason given.
REFUSED: Mapping[str, str] = {
    "bootstrap.servers": "is set by FLEETCAST_KAFKA_BOOTSTRAP",
    "metadata.broker.list": "is set by FLEETCAST_KAFKA_BOOTSTRAP",
    **dict.fromkeys(
        ("acks", "request.required.acks", "enable.idempotence", "enable.gapless.guarantee", "transactional.id"),
        "is fixed: an accepted record must be kept by all replicas, once and in order",
    ),
    **dict.fromkeys(
        ("retries", "message.send.max.retries", "message.timeout.ms", "delivery.timeout.ms", "queuing.strategy"),
        "is fixed: when a record may be given up depends on who publishes it",
    ),
    "partitioner": "is fixed: keys must go to the partitions that Kafka's Java clients choose",
    **dict.fromkeys(
        ("enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store", "auto.offset.reset"),
        "is fixed: an offset is committed only when its record is done, and none is skipped silently",
    ),
    **dict.fromkeys(
        ("group.id", "group.instance.id", "group.protocol", "group.remote.assignor", "partition.assignment.strategy"),
        "is fixed: how partitions are shared is decided in code",
    ),
    "enable.partition.eof": "is fixed: readers need to know where a partition ends",
    "delivery.report.only.error": "is fixed: every record's acknowledgement is awaited",
}

# librdkafka warns about a property that the other kind of client would use, so each kind gets its own.
_PRODUCER_ONLY = frozenset(
    {"batch.num.messages", "batch.size", "compression.codec", "compression.level", "compression.type", "linger.ms"}
    | {"queue.buffering.backpressure.threshold", "queue.buffering.max.kbytes", "queue.buffering.max.messages"}
    | {"queue.buffering.max.ms", "request.timeout.ms", "sticky.partitioning.linger.ms", "transaction.timeout.ms"}
)
_CONSUMER_ONLY = frozenset(
    {"check.crcs", "consume.callback.max.messages", "coordinator.query.interval.ms", "fetch.error.backoff.ms"}
    | {"fetch.max.bytes", "fetch.message.max.bytes", "fetch.min.bytes", "fetch.queue.backoff.ms", "fetch.wait.max.ms"}
    | {"heartbeat.interval.ms", "isolation.level", "max.partition.fetch.bytes", "max.poll.interval.ms"}
    | {"queued.max.messages.kbytes", "queued.min.messages", "session.timeout.ms"}
)


QUEUE_BACKOFF_MS = 5
"""The library stops fetching when enough is fetched ahead, by default for a whole second: then catching up would come
to 10,000 records a second at most (measured: 120,000 in 9.9 s, now in 0.5 s)."""


class KafkaSettings(Section, section="KAFKA"):
    """How to reach Kafka, and the bounds of publishing."""

    bootstrap: str = Field(description="Brokers to begin with, `host:port`, comma-separated.")
    properties: Properties = Field(
        default_factory=dict,
        description="Any property of librdkafka, `_` for `.`: `FLEETCAST_KAFKA_PROPERTY_SASL_USERNAME` is "
        "`sasl.username`. Those that correctness needs are refused.",
    )
    delivery_seconds: float = Field(
        10.0,
        ge=1,
        le=300,
        description="How long a request waits for the broker to keep its records; then it is answered 503.",
    )
    in_flight_records: int = Field(
        100_000, ge=1, le=10_000_000, description="Most records that wait for the broker's acknowledgement at a time."
    )
    in_flight_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024 * 1024,
        le=2 * 1024 * 1024 * 1024,
        description="Most bytes that wait for the broker's acknowledgement at a time.",
    )

    @model_validator(mode="after")
    def _check_properties(self) -> Self:
        problems = [f"property {name} {REFUSED[name]}" for name in sorted(REFUSED.keys() & self.properties.keys())]
        if not problems:
            problems = self._refused_by_library()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _refused_by_library(self) -> list[str]:
        """Makes a client that connects to nobody: the library checks names, values and how they fit together."""
        try:
            Producer({**self.client_properties(), "bootstrap.servers": "", "log_level": 0})
        except KafkaException as error:
            return [f"librdkafka: {kafka_error(error).str()}"]
        return []

    def client_properties(self) -> ClientConfig:
        """The properties for any client, secrets in clear: never log them."""
        given = {name: value.get_secret_value() for name, value in self.properties.items()}
        return {"bootstrap.servers": self.bootstrap, "logger": LibraryLog(), **given}

    def admin_config(self) -> ClientConfig:
        """For clients that only look things up."""
        only_others = _PRODUCER_ONLY | _CONSUMER_ONLY
        return {name: value for name, value in self.client_properties().items() if name not in only_others}

    def producer_config(self, defaults: ClientConfig, fixed: ClientConfig) -> ClientConfig:
        """Our defaults, then what the settings say, then what correctness needs."""
        return {**defaults, **self._without(_CONSUMER_ONLY), **fixed}

    def consumer_config(self, defaults: ClientConfig, fixed: ClientConfig) -> ClientConfig:
        """Our defaults, then what the settings say, then what correctness needs."""
        return {
            "fetch.queue.backoff.ms": QUEUE_BACKOFF_MS,
            **defaults,
            **self._without(_PRODUCER_ONLY),
            **fixed,
        }

    def _without(self, names: frozenset[str]) -> ClientConfig:
        return {name: value for name, value in self.client_properties().items() if name not in names}
