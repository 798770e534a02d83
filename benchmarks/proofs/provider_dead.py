"""A provider that answers nothing for ten minutes: the other one does not notice, and nothing is lost.

Whether the other one notices is told by minutes of the same run: in each a p99 of 3,000 pushes, and of these the median
over the minutes with both alive beside the one over those with one dead. So a minute in which the machine was busy with
something else decides nothing.
"""

import itertools
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.phones.dispatching import Dispatching
from benchmarks.phones.stand import PhoneStand, phone_stand
from benchmarks.speed.percentiles import Percentiles

DEAD, ALIVE = "fcm", "apns"
RATE, ALIVE_RATE = 200, 50
"""Notifications a second, to the one that dies and to the other."""
TICK = 0.1
SHORT_LIVED = 10
"""Of so many one has a minute to live."""
SHORT_TTL, TTL = 60.0, 4 * 3_600.0
ALLOWED = 500
"""Calls a second that the senders are allowed."""
SLOWER = 1.10
DRAIN_WITHIN = 600.0
STEADY = 1.10
"""How much more memory is still called flat."""
SETTINGS = {"FLEETCAST_SENDERS_RATE": str(ALLOWED), "FLEETCAST_LOG_FORMAT": "console"}


@dataclass(frozen=True)
class Phases:
    """How long what lasts, in seconds."""

    warm_up: float = 30.0
    """At the beginning, not measured: it starts slowly."""
    calm: float = 300.0
    """Both are alive."""
    dead: float = 600.0
    minute: float = 60.0
    """What has a p99 of its own."""


WHOLE = Phases()


@dataclass
class Sent:
    """When what was written to the outbox, by notification."""

    calm: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    short_lived: set[str] = field(default_factory=set)
    memory: list[float] = field(default_factory=list)
    """MB of the senders, every ten seconds while the provider was dead."""


def prove(phases: Phases = WHOLE) -> bool:
    """Prints what it finds; whether all held."""
    with (
        tempfile.TemporaryDirectory(prefix="fleetcast-phones-") as directory,
        phone_stand(Path(directory), settings=SETTINGS, say=lambda line: print(f"  {line}", flush=True)) as stand,
    ):
        dispatching = Dispatching(stand, users=5_000)
        try:
            return _prove(stand, dispatching, phases)
        finally:
            dispatching.close()


def _prove(stand: PhoneStand, dispatching: Dispatching, phases: Phases) -> bool:
    sent = Sent()
    _load(dispatching, phases.warm_up, {}, {}, set())
    print(f"  {phases.calm:.0f} s with both alive; {_busy()} ...", flush=True)
    _load(dispatching, phases.calm, sent.dead, sent.calm, sent.short_lived)
    print(f"  {phases.dead:.0f} s with {DEAD} dead; {_busy()} ...", flush=True)
    stand.answer(DEAD, always={"then": "silence"})
    _load(dispatching, phases.dead, sent.dead, sent.alive, sent.short_lived, _watch(stand, sent))
    print(f"  {DEAD} is back; {_busy()} ...", flush=True)
    revived = time.time()
    stand.repair()
    drained = _wait_until(lambda: not {"queued", "sending"} & stand.states().keys(), DRAIN_WITHIN)
    print(f"  the backlog was drained {time.time() - revived:.0f} s later", flush=True)
    return all([drained, *_findings(stand, dispatching, sent, revived, phases.minute)])


def _load(
    dispatching: Dispatching,
    seconds: float,
    dead: dict[str, int],
    alive: dict[str, int],
    short_lived: set[str],
    watch: Callable[[], None] = lambda: None,
) -> None:
    began = time.monotonic()
    for number in itertools.count():
        due = began + number * TICK
        if due > began + seconds:
            return
        time.sleep(max(0.0, due - time.monotonic()))
        watch()
        each = round(RATE * TICK)
        few = each // SHORT_LIVED
        others = dispatching.queue(ALIVE, round(ALIVE_RATE * TICK), TTL)
        alive.update((request.id, request.queued_at) for request in others)
        dead.update((request.id, request.queued_at) for request in dispatching.queue(DEAD, each - few, TTL))
        brief = dispatching.queue(DEAD, few, SHORT_TTL)
        dead.update((request.id, request.queued_at) for request in brief)
        short_lived.update(request.id for request in brief)


def _watch(stand: PhoneStand, sent: Sent) -> Callable[[], None]:
    senders = psutil.Process(stand.senders.pid)
    next_look = [0.0]

    def look() -> None:
        if time.monotonic() >= next_look[0]:
            next_look[0] = time.monotonic() + 10.0
            sent.memory.append(senders.memory_info().rss / 2**20)

    return look


def _findings(stand: PhoneStand, dispatching: Dispatching, sent: Sent, revived: float, minute: float) -> list[bool]:
    finished: dict[str, tuple[str, int]] = {}
    for receipt in dispatching.receipts():
        if receipt.step == "expired" or receipt.outcome == "accepted":
            finished[receipt.notification] = (receipt.step, receipt.at)
    return [
        _complete(stand, sent, finished),
        _unharmed(sent, finished, minute),
        _flat(sent.memory),
        _at_the_allowed_rate(stand, revived),
        _say(stand.disabled() == 0, f"push tokens deactivated: {stand.disabled()}"),
    ]


def _complete(stand: PhoneStand, sent: Sent, finished: dict[str, tuple[str, int]]) -> bool:
    shown = {name for phone in stand.arrivals() for name in phone["arrived"]}
    wanted = sent.dead | sent.alive | sent.calm
    ends = Counter(finished.get(name, ("nothing", 0))[0] for name in wanted)
    lost = [name for name in wanted if name not in finished]
    unseen = [name for name in wanted if finished.get(name, ("", 0))[0] == "attempted" and name not in shown]
    wrongly = [name for name in wanted if finished.get(name, ("", 0))[0] == "expired" and name not in sent.short_lived]
    told = f"{len(wanted)} notifications: {ends['attempted']} accepted, {ends['expired']} expired; "
    told += f"lost {len(lost)}, accepted and not on a phone {len(unseen)}, expired before their time {len(wrongly)}"
    return _say(not lost and not unseen and not wrongly and ends["expired"] > 0, told)


def _unharmed(sent: Sent, finished: dict[str, tuple[str, int]], minute: float) -> bool:
    """From the outbox to the provider's answer."""
    calm, during = (_by_minute(queued, finished, minute) for queued in (sent.calm, sent.alive))
    p99 = statistics.median(each.p99 for each in during) / statistics.median(each.p99 for each in calm)
    told = [f"{ALIVE} is {p99:.2f} times as slow with {DEAD} dead (p99, median over {minute:.0f} s each)"]
    told += [f"{ALIVE}, {DEAD} alive: {each}" for each in calm] + [f"{ALIVE}, {DEAD} dead:  {each}" for each in during]
    return _say(p99 <= SLOWER, "\n         ".join(told))


def _by_minute(queued: dict[str, int], finished: dict[str, tuple[str, int]], minute: float) -> list[Percentiles]:
    began = min(queued.values())
    minutes: dict[int, list[float]] = {}
    for name, at in queued.items():
        if name in finished:
            minutes.setdefault(int((at - began) / 1e6 // minute), []).append((finished[name][1] - at) / 1e6)
    fewest = max(map(len, minutes.values())) / 2  # the last one may have just begun
    return [Percentiles.of(seconds) for _, seconds in sorted(minutes.items()) if len(seconds) >= fewest]


def _busy() -> str:
    """How much else there is to do."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _flat(memory: list[float]) -> bool:
    """The first minute is warm-up: librdkafka's queues fill."""
    settled = memory[6:] or memory
    told = f"memory of the senders while it was dead: {settled[0]:.0f} MB after a minute, {max(settled):.0f} MB at most"
    return _say(max(settled) <= settled[0] * STEADY, told)


def _at_the_allowed_rate(stand: PhoneStand, revived: float) -> bool:
    seconds = {int(second): count for second, count in stand.counts()["per_second"][DEAD].items()}
    after = [count for second, count in sorted(seconds.items()) if second > revived]
    ten = [sum(after[start : start + 10]) / 10 for start in range(max(1, len(after) - 9))]
    told = f"{DEAD} got {after[:6]} in its first seconds back, at most {max(ten):.0f}/s over ten; allowed {ALLOWED}/s"
    return _say(max(ten) <= ALLOWED * 1.05, told)


def _say(holds: bool, told: str) -> bool:  # noqa: FBT001 the first word of the line
    print(f"  {'ok ' if holds else 'NO '} {told}", flush=True)
    return holds


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(2.0)
    return True
