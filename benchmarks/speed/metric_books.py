"""The books as the processes' own metrics keep them: nothing that came in is unaccounted for."""

import urllib.request
from collections import Counter
from collections.abc import Mapping

import msgspec
from prometheus_client.parser import text_string_to_metric_families

TIMEOUT = 10.0  # seconds

Samples = dict[tuple[str, str], float]
"""(name, value of the only label, or "") -> value, of the counters that the books need."""

_WANTED = {
    "fleetcast_ingest_pings_received_total": "",
    "fleetcast_ingest_pings_total": "outcome",
    "fleetcast_enrich_positions_total": "held",
    "fleetcast_route_positions_total": "outcome",
}


class MetricBooks(msgspec.Struct, frozen=True):
    """received = accepted + refused; accepted = live + held back."""

    received: int
    accepted: int
    refused: dict[str, int]
    judged: int
    live: int
    held: dict[str, int]

    @property
    def balance(self) -> bool:
        return (
            self.received == self.accepted + sum(self.refused.values())
            and self.accepted == self.judged
            and self.accepted == self.live + sum(self.held.values())
        )

    def since(self, before: "MetricBooks") -> "MetricBooks":
        """What was counted since an earlier look, by the same processes."""
        return MetricBooks(
            received=self.received - before.received,
            accepted=self.accepted - before.accepted,
            refused=dict(Counter(self.refused) - Counter(before.refused)),
            judged=self.judged - before.judged,
            live=self.live - before.live,
            held=dict(Counter(self.held) - Counter(before.held)),
        )

    def line(self) -> str:
        refused = sum(self.refused.values())
        held = sum(self.held.values())
        verdict = "balance" if self.balance else "DO NOT BALANCE"
        return (
            f"books {verdict}: {self.received} received = {self.accepted} accepted + {refused} refused; "
            f"{self.accepted} accepted = {self.live} live + {held} held back"
        )


def read_books(admin_urls: Mapping[str, str]) -> MetricBooks:
    """Since the processes began. Raises OSError."""
    samples: Samples = {}
    for process in ("ingest", "enrich", "route"):
        samples.update(_samples(f"{admin_urls[process]}/metrics"))
    ingested = _by_label(samples, "fleetcast_ingest_pings_total")
    routed = _by_label(samples, "fleetcast_route_positions_total")
    return MetricBooks(
        received=int(samples.get(("fleetcast_ingest_pings_received_total", ""), 0)),
        accepted=ingested.pop("accepted", 0),
        refused={reason: count for reason, count in ingested.items() if count},
        judged=sum(_by_label(samples, "fleetcast_enrich_positions_total").values()),
        live=routed.pop("live", 0),
        held={flag: count for flag, count in routed.items() if count},
    )


def _samples(url: str) -> Samples:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 an address of our own stack
        text = answer.read().decode()
    return {
        (sample.name, sample.labels.get(_WANTED[sample.name], "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in _WANTED
    }


def _by_label(samples: Samples, name: str) -> dict[str, int]:
    return {label: int(value) for (sample, label), value in samples.items() if sample == name}
