"""`python -m benchmarks.gateway.producer`: live records at a rate, straight to Kafka, as `route` would write them.

Its plan is a line of JSON on its input; it says once a second how many it has sent, and its result at the end. Each
payload says when it was produced. The rate holds whatever happens: what is late is sent at once.
"""

import sys
import time

import msgspec
from confluent_kafka import Producer

from backbone.codec import AvroCodec
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topics import LIVE
from benchmarks.gateway.crowd import tell
from benchmarks.gateway.work import fleet_name
from domain.live_update import LiveUpdate

ASSETS = 20  # of each fleet, taking turns
PAYLOAD_BYTES = 236


class ProducePlan(msgspec.Struct, frozen=True):
    """So many records per second, over so many fleets in turn."""

    bootstrap: str
    registry_url: str
    rate: float
    seconds: float
    fleets: int


class ProduceProgress(msgspec.Struct, frozen=True, tag="progress"):
    """How many so far."""

    sent: int


class ProduceResult(msgspec.Struct, frozen=True, tag="result"):
    """How many of each fleet were produced, in how many seconds, and the farthest that it fell behind."""

    sent: list[int]
    failed: int
    seconds: float
    late: float


class LiveProducer:
    """Produces by the clock."""

    def __init__(self, plan: ProducePlan) -> None:
        self._plan = plan
        self._codec = AvroCodec(SchemaRegistry.of(RegistrySettings(url=plan.registry_url)))
        self._producer = Producer(
            {
                "bootstrap.servers": plan.bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 0,
            }
        )
        self._sent = [0] * plan.fleets
        self._failed = 0

    def run(self) -> ProduceResult:
        """Until all are acknowledged."""
        plan = self._plan
        self._greet()
        late = 0.0
        began = told = time.monotonic()
        for number in range(round(plan.rate * plan.seconds)):
            wait = began + number / plan.rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            late = max(late, -wait)
            self._produce(number)
            if time.monotonic() - told > 1.0:
                told = time.monotonic()
                tell(ProduceProgress(number + 1))
        seconds = time.monotonic() - began
        self._failed += self._producer.flush(10)
        return ProduceResult(self._sent, self._failed, seconds, late)

    def _greet(self) -> None:
        """One record to each partition that nobody follows: a producer's first records wait for what it must ask."""
        greeting = self._codec.encode(LIVE, position(self._plan.fleets, 0))
        for partition in range(LIVE.partitions):
            self._producer.produce(LIVE.name, greeting, partition=partition)
        self._failed += self._producer.flush(10)

    def _produce(self, number: int) -> None:
        fleet = number % self._plan.fleets
        update = position(fleet, number // self._plan.fleets)
        self._producer.produce(
            LIVE.name, self._codec.encode(LIVE, update), update.fleet.encode(), on_delivery=self._delivered
        )
        self._producer.poll(0)
        self._sent[fleet] += 1

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self._failed += 1


def payload_of(asset: str, number: int) -> tuple[bytes, bytes]:
    """A position's JSON, before and after the 16 digits that say when it was produced (microseconds)."""
    head = b'{"kind":"position","id":"%b-%010d","asset":"%b","lat":53.412345,"lon":-2.987654,"speed":13.4,"sent":'
    head %= (asset.encode(), number, asset.encode())
    return head, b',"pad":"%b"}' % (b"x" * (PAYLOAD_BYTES - len(head) - 16 - 10))


def position(fleet: int, number: int) -> LiveUpdate:
    """The fleet's next position, of one of its assets."""
    name, asset = fleet_name(fleet), f"truck-{number % ASSETS}"
    now = time.time_ns() // 1000
    head, tail = payload_of(asset, number)
    return LiveUpdate(
        id=f"{asset}-{now}",
        fleet=name,
        channels=[f"fleet:{name}", f"asset:{name}/{asset}"],
        kind="position",
        entity=f"asset/{asset}",
        event_time=now,
        version=now,
        received_at=now,
        payload=b"%b%016d%b" % (head, now, tail),
    )


def main() -> None:
    producer = LiveProducer(msgspec.json.decode(sys.stdin.readline(), type=ProducePlan))
    tell(producer.run())
    sys.stdin.read()


if __name__ == "__main__":
    main()
