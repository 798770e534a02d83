"""What the senders count."""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from push_service.senders.sender import Outcome, outcome_name


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


class CallMetrics:
    """What is counted of one provider's calls, told for many calls together: for each by itself that would cost as much
    as building its payload.
    """

    def __init__(self, metrics: SendersMetrics, provider: str) -> None:
        self._metrics = metrics
        self._provider = provider
        self._seconds = metrics.seconds.labels(provider)
        self._took: list[float] = []
        self._outcomes: Tally[str] = Tally()

    def called(self, outcome: Outcome, seconds: float) -> None:
        """One call was answered, or given up."""
        self._took.append(seconds)
        self._outcomes[outcome_name(outcome)] += 1

    def tell(self, *, paused: bool) -> None:
        """All that was counted since this was last done, and how the channel is now."""
        for seconds in self._took:
            self._seconds.observe(seconds)
        for outcome, count in self._outcomes.items():
            self._metrics.calls.labels(self._provider, outcome).inc(count)
        self._took.clear()
        self._outcomes.clear()
        self._metrics.paused.labels(self._provider).set(paused)
