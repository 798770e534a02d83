"""`python -m push_service.senders redrive`: dead letters go back into an outbox."""

import argparse
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry

from backbone.batch_publisher import BatchPublisher
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.topic_scan import TopicScan
from backbone.topics import PUSH_PROVIDERS
from domain.errors import OutageError
from domain.instants import InstantError, Micros, parse_rfc3339
from push_service.senders.redrive import Filter, redrive
from runtime.settings import SettingsError, load_sections

BATCH = 500


def main(argv: Sequence[str], say: Callable[[str], None]) -> int:
    """Returns the exit code: 0, 1 when Kafka could not be reached, 2 when settings are wrong."""
    given = _parser().parse_args(argv)
    try:
        kafka = load_sections(KafkaSettings)[KafkaSettings]
        counts = _redrive(given, kafka, say)
    except (SettingsError, OutageError) as error:
        say(f"error: {error}")
        return 2 if isinstance(error, SettingsError) else 1
    for reason, count in counts.most_common():
        say(f"{count:8d}  {reason}")
    done = "would be put back" if given.dry_run else "were put back"
    say(f"{counts.total()} dead letters of {given.provider} {done}")
    return 0


def _redrive(given: argparse.Namespace, kafka: KafkaSettings, say: Callable[[str], None]) -> Counter[str]:
    wanted = Filter(frozenset(given.reason), given.tenant, given.since, given.until)
    scan = TopicScan(kafka, batch_records=BATCH)
    counts: Counter[str] = Counter()
    if given.dry_run:
        return max(redrive(given.provider, scan, None, wanted, given.limit), key=Counter.total, default=counts)
    publisher = BatchPublisher(kafka, PublisherMetrics(CollectorRegistry()), threading.Event())
    try:
        for counts in redrive(given.provider, scan, publisher, wanted, given.limit):
            say(f"{counts.total()} so far")
    finally:
        publisher.close()
    return counts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m push_service.senders redrive", description=__doc__)
    parser.add_argument("--provider", required=True, choices=PUSH_PROVIDERS)
    parser.add_argument("--reason", action="append", default=[], help="only those with this dlq-reason, or another")
    parser.add_argument("--tenant", help="only letters of this tenant")
    parser.add_argument("--since", type=_time, metavar="TIME", help="only those buried then (RFC 3339) or later")
    parser.add_argument("--until", type=_time, metavar="TIME", help="only those buried before")
    parser.add_argument("--limit", type=int, help="at most so many")
    parser.add_argument("--dry-run", action="store_true", help="only count them")
    return parser


def _time(text: str) -> Micros:
    try:
        return parse_rfc3339(text)
    except InstantError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
