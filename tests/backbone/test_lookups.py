"""Questions about offsets are answered again soon after a broker comes back."""

import time
from pathlib import Path

from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, Place, Watermarks
from domain.errors import OutageError
from tests.backbone.broken_kafka import own_broker
from tests.backbone.kafka_kinds import RealKafka

WITHIN = 60.0  # seconds; the library itself learns the new leader epoch after five minutes


def test_a_broker_that_dies_and_comes_back_is_asked_again(tmp_path: Path, unique: str) -> None:
    """It is the leader in a new epoch then, and refuses who asks with the old one."""
    with own_broker(tmp_path) as (bootstrap, broker):
        kafka = RealKafka(bootstrap)
        kafka.create_topic(unique, 3)
        kafka.close()
        lookups = Lookups(KafkaSettings(bootstrap=bootstrap))
        places = [(unique, number) for number in range(3)]
        assert answered(lookups, places) == dict.fromkeys(places, Watermarks(0, 0))
        for _ in range(2):
            broker.kill()
            broker.start()
            assert answered(lookups, places) == dict.fromkeys(places, Watermarks(0, 0))


def answered(lookups: Lookups, places: list[Place]) -> dict[Place, Watermarks]:
    deadline = time.monotonic() + WITHIN
    while True:
        try:
            return lookups.watermarks(places)
        except OutageError:
            assert time.monotonic() < deadline, "never answered again"
            time.sleep(0.2)
