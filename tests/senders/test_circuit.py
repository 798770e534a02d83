"""Whether a provider is called at all, and how fast: without a provider, and by a clock of the test's own."""

import itertools

import pytest

from domain.instants import DAY, HOUR, MINUTE, SECOND
from push_service.senders.circuit import Circuit, Permit
from push_service.senders.pace import Pace
from push_service.senders.retries import next_try
from push_service.senders.retry_after import retry_after_seconds
from push_service.senders.work import Work
from tests.senders.pushes import content, now, push


def circuit() -> Circuit:
    return Circuit(after=3, first=5.0, longest=60.0)


def test_only_failures_in_a_row_open_it() -> None:
    tried = circuit()
    for second in range(20):
        tried.fails("down", second, second)
        tried.fails("down", second, second)
        tried.works(second)
    assert tried.permit(20.0) is Permit.ALL

    for _ in range(3):
        tried.fails("down", 20.0, 21.0)

    assert tried.permit(21.0) is Permit.NONE
    assert tried.reason == "down"


def test_after_the_pause_one_call_decides() -> None:
    tried = circuit()
    tried.stops("refused", 0.0, 0.0)

    assert [tried.permit(4.9), tried.permit(5.0), tried.permit(5.0)] == [Permit.NONE, Permit.PROBE, Permit.NONE]
    tried.fails("refused", 5.0, 5.1)
    assert tried.wait(5.1) == pytest.approx(10.0)
    assert tried.permit(15.2) is Permit.PROBE
    assert tried.works(15.2)
    assert tried.permit(15.3) is Permit.ALL


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    tried, at, pauses = circuit(), 0.0, []
    for _ in range(7):
        tried.stops("refused", at, at)
        pauses.append(tried.wait(at))
        at += pauses[-1]
        assert tried.permit(at) is Permit.PROBE

    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]


def test_a_pause_that_is_asked_for_is_kept() -> None:
    tried = circuit()
    tried.stops("quota", 0.0, 0.0, at_least=300.0)
    assert tried.wait(0.0) == 300.0


def test_what_began_before_it_opened_changes_nothing_any_more() -> None:
    tried = circuit()
    tried.stops("refused", 1.0, 2.0)

    assert not tried.works(1.5)
    tried.stops("refused", 1.5, 3.0)

    assert tried.wait(3.0) == pytest.approx(4.0)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_rate_doubles_up_to_the_allowed_one_and_begins_slowly_again() -> None:
    clock = Clock()
    pace = Pace(start=50.0, most=1_000.0, doubles=5.0, clock=clock)

    rates = []
    for clock.now in (0.0, 5.0, 10.0, 100.0):
        rates.append(pace.rate)
    pace.restart()

    assert rates == [50.0, 100.0, 200.0, 1_000.0]
    assert pace.rate == 50.0


def work(attempt: int, ttl: int) -> Work:
    request = push(told=content(expires_at=now() + ttl))
    return Work(record=None, push=request, attempt=attempt, redriven=False)  # type: ignore[arg-type]


def test_delays_grow_with_the_attempts_and_have_jitter() -> None:
    at = now()
    delays = [next_try(work(attempt, DAY), at, "x", None) for attempt in range(6)]

    assert [each and each.delay for each in delays] == ["10s", "1m", "10m", "1h", "1h", "1h"]
    dues = {each.due_at for each in (next_try(work(0, DAY), at, "x", None) for _ in range(20)) if each}
    assert len(dues) > 10
    assert all(at + 10 * SECOND <= due <= at + 12 * SECOND for due in dues)


@pytest.mark.parametrize(
    ("attempt", "ttl", "asked", "delay"),
    [
        (0, HOUR, 30.0, "1m"),
        (0, DAY, 7_200.0, "1h"),
        (3, 20 * MINUTE, None, "10m"),
        (3, 30 * SECOND, None, "10s"),
        (0, 5 * SECOND, None, None),
        (0, MINUTE, 300.0, None),
    ],
)
def test_what_is_asked_for_is_the_least_and_the_end_of_time_the_most(
    attempt: int, ttl: int, asked: float | None, delay: str | None
) -> None:
    at = now()
    retry = next_try(work(attempt, ttl), at, "x", asked)

    assert (retry and retry.delay) == delay
    if retry is not None:
        assert retry.due_at >= at + round((asked or 0) * SECOND)
        assert retry.due_at < at + ttl + SECOND


def test_no_time_to_live_is_exceeded_and_no_retry_comes_too_early() -> None:
    at = now()
    for attempt, ttl, asked in itertools.product(range(5), (SECOND, MINUTE, HOUR, DAY), (None, 1.0, 45.0, 4_000.0)):
        tried = work(attempt, ttl)
        retry = next_try(tried, at, "x", asked)
        if retry is not None:
            assert at + max(10.0, asked or 0.0) * SECOND <= retry.due_at < tried.push.content.expires_at


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("999999999", 86_400.0),
        ("-5", None),
        ("soon", None),
        ("\u0661\u0662", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, now=1_445_412_480.0) == seconds
