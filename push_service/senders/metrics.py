"""What the senders count."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class SendersMetrics:
    """The metrics of all senders of a process in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "fleetcast_senders_calls", "Calls of providers, by outcome.", ["provider", "outcome"], registry=registry
        )
        self.pushes = Counter(
            "fleetcast_senders_pushes",
            "Push requests, by what became of them: sent, failed, expired, cancelled, retried, repeat.",
            ["provider", "outcome"],
            registry=registry,
        )
        self.seconds = Histogram(
            "fleetcast_senders_call_seconds",
            "From calling a provider to its answer.",
            ["provider"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.disabled = Counter(
            "fleetcast_senders_tokens_disabled",
            "Push tokens deactivated, by the provider's reason.",
            ["provider", "reason"],
            registry=registry,
        )
        self.alarm = Gauge(
            "fleetcast_senders_alarm",
            "1 while a channel's configuration, or what we build for it, is refused.",
            ["provider", "reason"],
            registry=registry,
        )
        self.paused = Gauge(
            "fleetcast_senders_paused",
            "1 while a provider is not called, because it is down, refuses us, or asked for a pause.",
            ["provider"],
            registry=registry,
        )
