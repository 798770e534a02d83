"""The books by metrics: what every process says it did, between two moments."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

POLL_EVERY = 0.1  # seconds
Counts = Counter[tuple[str, str]]
"""(name of the metric, value of its one label or "") -> its value."""


async def scrape(session: aiohttp.ClientSession, admin_urls: Mapping[str, str]) -> Counts:
    """All counters of ours, from /metrics of every process."""
    counts: Counts = Counter()
    for url in admin_urls.values():
        async with session.get(f"{url}/metrics") as answer:
            text = await answer.text()
        for family in text_string_to_metric_families(text):
            for sample in family.samples if family.type == "counter" else ():
                if sample.name.startswith("fleetcast_") and sample.name.endswith("_total"):
                    counts[sample.name.removesuffix("_total"), ",".join(sample.labels.values())] += int(sample.value)
    return counts


async def scrape_until(
    session: aiohttp.ClientSession, admin_urls: Mapping[str, str], true: Callable[[Counts], bool], within: float
) -> Counts:
    """Scrape until it is true, or for so long: processes count a batch when it is done, shortly after it is seen."""
    deadline = time.monotonic() + within
    while True:
        counts = await scrape(session, admin_urls)
        if true(counts) or time.monotonic() > deadline:
            return counts
        await asyncio.sleep(POLL_EVERY)


def by_label(counts: Counts, name: str) -> dict[str, int]:
    """What one metric counted, without zeros."""
    return {label: count for (metric, label), count in counts.items() if metric == name and count}
