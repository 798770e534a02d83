"""Steps run after what they need, at the same time where they can, and the first real error is the one that is told."""

import threading

import pytest

from devstack.part import StartInterruptedError
from devstack.plan import Step, carry_out


def test_step_runs_after_what_it_needs() -> None:
    order: list[str] = []
    steps = [
        Step("c", lambda: order.append("c"), frozenset({"a", "b"})),
        Step("a", lambda: order.append("a")),
        Step("b", lambda: order.append("b"), frozenset({"a"})),
    ]
    carry_out(steps, threading.Event())
    assert order == ["a", "b", "c"]


def test_independent_steps_run_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=5)
    carry_out([Step("a", meet.wait), Step("b", meet.wait)], threading.Event())


def test_first_error_stops_the_others_and_is_told_instead_of_their_interruption() -> None:
    stopping = threading.Event()

    def fail() -> None:
        raise RuntimeError("no disk")

    def wait() -> None:
        assert stopping.wait(5)
        raise StartInterruptedError("other")

    with pytest.raises(RuntimeError, match="no disk"):
        carry_out([Step("other", wait), Step("bad", fail), Step("never", fail, frozenset({"other"}))], stopping)


def test_trouble_that_no_step_tells_of_ends_the_plan() -> None:
    stopping = threading.Event()

    def wait() -> None:
        assert stopping.wait(5)
        raise StartInterruptedError("slow")

    with pytest.raises(RuntimeError, match="broker died"):
        carry_out([Step("slow", wait)], stopping, watch=lambda: RuntimeError("broker died"))


def test_steps_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="can never begin: a, b"):
        carry_out(
            [Step("a", print, frozenset({"b"})), Step("b", print, frozenset({"a"}))],
            threading.Event(),
        )
