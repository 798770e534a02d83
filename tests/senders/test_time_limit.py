"""One limit for many calls, each held to it as by a timer of its own."""

import asyncio
import contextlib
import time

import pytest

from push_service.senders.time_limit import TimeLimit

SECONDS = 1.0


async def _call(limit: TimeLimit, *takes: float) -> list[str]:
    """Calls one after the other in a task of its own: how each ended."""
    limited, ends = limit.of_task(), []
    for seconds in takes:
        try:
            with limited:
                await asyncio.sleep(seconds)
            ends.append("in time")
        except TimeoutError:
            ends.append("late")
    return ends


async def test_each_call_has_the_whole_time() -> None:
    """Also one that begins when half of the time of another is over, and one after a call that was late."""
    limit = TimeLimit(SECONDS)
    began = time.monotonic()

    calls = (_call(limit, 60.0, 0.01, 60.0), _call(limit, 0.5, 0.5, 0.5), _call(limit, 0.01, 0.01))
    ends = list(await asyncio.gather(*calls))

    assert ends == [["late", "in time", "late"], ["in time"] * 3, ["in time"] * 2]
    assert 2 * SECONDS <= time.monotonic() - began + 0.01 < 30.0


async def test_a_later_use_is_limited_too() -> None:
    limit = TimeLimit(SECONDS)

    assert await _call(limit, 60.0) == ["late"]
    assert await _call(limit, 0.01) == ["in time"]
    assert await _call(limit, 60.0) == ["late"]


async def test_who_cancels_the_task_ends_it() -> None:
    task = asyncio.create_task(_call(TimeLimit(60.0), 60.0))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_cancels_the_task_when_it_is_late_ends_it_too() -> None:
    async def late() -> None:
        limited = TimeLimit(0.01).of_task()
        with limited:
            try:
                await asyncio.sleep(60.0)
            finally:
                task.cancel()

    task = asyncio.create_task(late())

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_swallows_its_end_leaves_the_task_whole() -> None:
    limited = TimeLimit(0.01).of_task()
    with limited, contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60.0)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
