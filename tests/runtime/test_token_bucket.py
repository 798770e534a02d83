"""Rate limits: never more than burst at once, never more than rate over time, in bounded memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.token_bucket import KeyedBuckets, TokenBucket


def test_a_burst_is_granted_and_then_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=1000)
    assert bucket.take(1000, 0.0) == 0.0
    assert bucket.take(5, 0.0) == pytest.approx(0.5)
    assert bucket.take(5, 0.5) == 0.0


def test_a_refusal_takes_nothing() -> None:
    bucket = TokenBucket(rate=1, burst=10)
    assert bucket.take(8, 0.0) == 0.0
    assert bucket.take(5, 0.0) == pytest.approx(3.0)
    assert bucket.take(2, 0.0) == 0.0


def test_more_than_the_burst_is_never_granted() -> None:
    assert TokenBucket(rate=1, burst=10).take(11, 0.0) == math.inf


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 0), (-1, 1), (math.nan, 1)])
def test_limits_must_be_positive(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        TokenBucket(rate, burst)


@given(st.lists(st.tuples(st.floats(-1, 5), st.integers(1, 20)), max_size=50))
def test_no_more_than_burst_and_rate_allow_is_ever_granted(steps: list[tuple[float, int]]) -> None:
    """Also when the clock is read out of order, as threads may."""
    bucket, now, latest, granted = TokenBucket(rate=2, burst=10), 0.0, 0.0, 0
    bucket.take(10, 0.0)
    for step, n in steps:
        now = max(0.0, now + step)
        latest = max(latest, now)
        if bucket.take(n, now) == 0.0:
            granted += n
        assert granted <= 2 * latest + 1e-6


@given(st.integers(1, 10), st.floats(0, 100))
def test_waiting_as_told_is_enough(n: int, spent_at: float) -> None:
    bucket = TokenBucket(rate=3, burst=10)
    bucket.take(10, spent_at)
    wait = bucket.take(n, spent_at)
    assert bucket.take(n, spent_at + wait + 1e-9) == 0.0


def test_keys_do_not_share_a_bucket() -> None:
    buckets = KeyedBuckets(10)
    assert buckets.take("a", 5, 0.0, rate=1, burst=5) == 0.0
    assert buckets.take("a", 1, 0.0, rate=1, burst=5) == pytest.approx(1.0)
    assert buckets.take("b", 5, 0.0, rate=1, burst=5) == 0.0


def test_changed_limits_hold_at_once() -> None:
    buckets = KeyedBuckets(10)
    assert buckets.take("a", 5, 0.0, rate=1, burst=5) == 0.0
    assert buckets.take("a", 8, 0.0, rate=1, burst=10) == 0.0


def test_the_set_never_grows_over_its_bound_and_forgets_the_longest_unused() -> None:
    buckets = KeyedBuckets(3)
    for key in "abcadaea":
        buckets.take(key, 1, 0.0, rate=1, burst=10)
        assert len(buckets) <= 3
    assert buckets.take("a", 9, 0.0, rate=1, burst=10) > 0.0  # used all along, so it was not forgotten


def test_full_buckets_are_forgotten_after_a_crowd() -> None:
    buckets = KeyedBuckets(1000)
    for number in range(1000):
        buckets.take(str(number), 1, 0.0, rate=1, burst=10)
    for number in range(100):
        buckets.take(f"new{number}", 1, 100.0, rate=1, burst=10)
    assert len(buckets) == 900
