"""How the figures are taken: each line by processes of its own, the servers' CPU time from outside."""

from contextlib import ExitStack

from benchmarks.notifications.figures import Figures
from benchmarks.notifications.followers import FollowersPlan
from benchmarks.notifications.history import HistoryPlan
from benchmarks.notifications.stand import NotificationStand
from benchmarks.notifications.tap import TapPlan
from benchmarks.notifications.work import EVEN_RATE, USERS, Ready, Spent
from benchmarks.speed.helper import Helper

_APART = 100_000_000
"""Events of different processes and lines have numbers so far from each other: nobody takes them for duplicates."""


class Measure:
    """Takes the figures of one line after another, on one stand."""

    def __init__(self, stand: NotificationStand, seconds: float) -> None:
        self._stand = stand
        self._seconds = seconds

    def saturation(self) -> Figures:
        """As fast as one process takes them, pinned to a core of its own. Every user is known before."""
        self._stand.empty_redis()
        self._tap(TapPlan(self._stand.redis_url, 0, USERS))
        return self._tap(TapPlan(self._stand.redis_url, USERS, _events(self._seconds * 50_000)))

    def even(self) -> Figures:
        """At the rate, for some seconds."""
        self._stand.empty_redis()
        self._tap(TapPlan(self._stand.redis_url, 0, USERS))
        return self._tap(TapPlan(self._stand.redis_url, USERS, _events(self._seconds * EVEN_RATE), EVEN_RATE))

    def history(self, processes: int) -> Figures:
        """As fast as several processes take them on all cores, which they share with the servers."""
        self._stand.empty_redis()
        self._stand.spread()
        count = _events(self._seconds * EVEN_RATE / processes)
        share = USERS // processes  # a user's notifications come to one of them, as Kafka sees to
        plans = [
            HistoryPlan(self._stand.redis_url, self._stand.postgres_url, _APART * number, count, number * share, share)
            for number in range(processes)
        ]
        return self._together("benchmarks.notifications.history", plans, pin=False)

    def followers(self) -> Figures:
        """One request to all of them."""
        self._stand.spread()
        return self._together(
            "benchmarks.notifications.followers", [FollowersPlan(self._stand.postgres_url)], pin=False
        )

    def _tap(self, plan: TapPlan) -> Figures:
        return self._together("benchmarks.notifications.tap", [plan], pin=True)

    def _together(
        self, module: str, plans: list[TapPlan] | list[HistoryPlan] | list[FollowersPlan], *, pin: bool
    ) -> Figures:
        with ExitStack() as running:
            helpers = [running.enter_context(Helper(module, plan, Ready, Spent)) for plan in plans]
            if pin:
                for helper in helpers:
                    self._stand.cores.pin(helper.pid)
            for helper in helpers:
                helper.next()
            redis, postgres = self._stand.spent("valkey"), self._stand.spent("postgres")
            for helper in helpers:
                helper.tell(Ready())
            spent = [helper.result() for helper in helpers]
        redis, postgres = self._stand.spent("valkey") - redis, self._stand.spent("postgres") - postgres
        return Figures(spent, redis, postgres)


def _events(wanted: float) -> int:
    """In whole rounds."""
    return max(20_000, round(wanted / 20_000) * 20_000)
