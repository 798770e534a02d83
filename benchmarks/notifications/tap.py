"""`python -m benchmarks.notifications.tap`: one dispatcher process from the decoded event to a null sender.

Real Redis: one script for each batch says what is new, whom it would be pushed to and when. No PostgreSQL, no Kafka.
Its plan is a line of JSON on its input, its result one on its output.
"""

import sys
import time
from collections.abc import Collection, Sequence

import msgspec
from pydantic import SecretStr

from benchmarks.gateway.crowd import tell
from benchmarks.notifications.work import BATCH, Ready, Spent, cpu_seconds, decoded, now_micros
from benchmarks.speed.percentiles import Percentiles
from domain.notification_types import read_notification_types
from domain.push_state import PushState
from push_service.dispatcher.classification import Classifier
from push_service.dispatcher.handler import push_of
from push_service.dispatcher.incoming import Incoming
from push_service.dispatcher.outbox import Push
from runtime.collector import calm_collector
from storage.notification_types import BUILT_IN
from storage.redis.connection import connect_sync
from storage.redis.notices import RedisNotices
from storage.redis.settings import RedisSettings

SHORT_WAIT = 0.0001
"""What a consumer of Kafka would wait for its next records; sleeping takes about so long anyway."""


class TapPlan(msgspec.Struct, frozen=True):
    """`rate`: events per second, arriving evenly; 0: as fast as they are taken."""

    redis_url: str
    first: int
    events: int
    rate: float = 0.0


class NullSender:
    """Takes pushes."""

    def __init__(self) -> None:
        self.taken = 0

    def send(self, pushes: Sequence[Push]) -> None:
        self.taken += len(pushes)


class NoPreferences:
    """Nobody has chosen anything."""

    def of(self, owners: Collection[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        return dict.fromkeys(owners, b"")


class Tap:
    """The dispatcher's steps between decoding and senders."""

    def __init__(self, plan: TapPlan) -> None:
        self._plan = plan
        client = connect_sync(RedisSettings(url=SecretStr(plan.redis_url)))
        types = read_notification_types(BUILT_IN.read_bytes())
        self._classifier = Classifier(RedisNotices(client), NoPreferences(), types)
        self._sender = NullSender()

    def run(self) -> Spent:
        """All of the plan, when it is told to begin."""
        arriving = decoded(self._plan.first, self._plan.events)
        calm_collector()
        tell(Ready())
        sys.stdin.readline()
        began, used = time.perf_counter(), cpu_seconds()
        late = self._evenly(arriving) if self._plan.rate else self._saturated(arriving)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - used
        return Spent(self._plan.events, self._sender.taken, seconds, cpu, late)

    def _saturated(self, arriving: Sequence[Incoming]) -> list[float]:
        for start in range(0, len(arriving), BATCH):
            self._dispatch(arriving[start : start + BATCH])
        return []

    def _evenly(self, arriving: Sequence[Incoming]) -> list[float]:
        rate, late, done = self._plan.rate, list[float](), 0
        began = time.perf_counter()
        while done < len(arriving):
            arrived = min(len(arriving), int((time.perf_counter() - began) * rate), done + BATCH)
            if arrived == done:
                time.sleep(SHORT_WAIT)
                continue
            self._dispatch(arriving[done:arrived])
            now = time.perf_counter() - began
            late += [now - number / rate for number in range(done, arrived)]
            done = arrived
        found = Percentiles.of(late)
        return [found.p50, found.p95, found.p99, found.most]

    def _dispatch(self, batch: Sequence[Incoming]) -> None:
        classified = self._classifier.classify(batch, now_micros())
        self._sender.send([push_of(each.incoming) for each in classified if each.plan.state is PushState.QUEUED])


if __name__ == "__main__":
    tell(Tap(msgspec.json.decode(sys.stdin.readline(), type=TapPlan)).run())
