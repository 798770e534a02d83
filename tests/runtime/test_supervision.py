"""Services start in order, stop in reverse, each within its deadline; whoever ends early ends all."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from runtime.supervision import Supervisor, ThreadService

SECONDS = 10.0


class Recorder:
    """A service that writes down what happens to it."""

    def __init__(self, name: str, events: list[str], fail: Exception | None = None) -> None:
        self.name = name
        self.begun = asyncio.Event()
        self._events = events
        self._fail = fail

    async def run(self, stopping: asyncio.Event) -> None:
        self._events.append(f"{self.name} starts")
        self.begun.set()
        if self._fail is not None:
            raise self._fail
        await stopping.wait()
        self._events.append(f"{self.name} stops")


class Stubborn:
    """A service that does not stop when told; it gives in to its cancellation, or not even that."""

    name = "stubborn"

    def __init__(self, *, ignores_cancellation: bool = False) -> None:
        self.released = asyncio.Event()
        self._ignores = ignores_cancellation

    async def run(self, stopping: asyncio.Event) -> None:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                if not self._ignores:
                    raise


async def run_until(supervisor: Supervisor, begun: asyncio.Event) -> int:
    running = asyncio.create_task(supervisor.run())
    async with asyncio.timeout(SECONDS):
        await begun.wait()
        supervisor.stop()
        return await running


async def test_services_start_in_order_and_stop_in_reverse() -> None:
    events: list[str] = []
    services = [Recorder(name, events) for name in ("a", "b", "c")]
    supervisor = Supervisor()
    for service in services:
        supervisor.add(service)
    assert await run_until(supervisor, services[-1].begun) == 0
    assert events == ["a starts", "b starts", "c starts", "c stops", "b stops", "a stops"]


@pytest.mark.parametrize("failing", ["a", "b", "c"])
async def test_a_service_that_fails_brings_the_rest_down_in_order(failing: str) -> None:
    events: list[str] = []
    supervisor = Supervisor()
    for name in ("a", "b", "c"):
        supervisor.add(Recorder(name, events, ValueError("broken") if name == failing else None))
    async with asyncio.timeout(SECONDS):
        assert await supervisor.run(before_stop=lambda: events.append("not ready")) == 1
    rest = [name for name in ("c", "b", "a") if name != failing]
    assert events[3:] == ["not ready", *(f"{name} stops" for name in rest)]


async def test_a_service_that_returns_early_is_a_crash() -> None:
    class Short:
        name = "short"

        async def run(self, stopping: asyncio.Event) -> None:
            """Returns at once."""

    supervisor = Supervisor()
    supervisor.add(Short())
    async with asyncio.timeout(SECONDS):
        assert await supervisor.run() == 1


async def test_a_service_over_its_deadline_is_cancelled_and_the_rest_still_stop() -> None:
    events: list[str] = []
    first = Recorder("first", events)
    supervisor = Supervisor(service_seconds=0.05)
    supervisor.add(first)
    supervisor.add(Stubborn())
    assert await run_until(supervisor, first.begun) == 1
    assert events[-1] == "first stops"


async def test_all_together_have_a_deadline_too() -> None:
    begun = asyncio.Event()
    begun.set()
    supervisor = Supervisor(total_seconds=0.1, service_seconds=60.0)
    for _ in range(5):
        supervisor.add(Stubborn())
    async with asyncio.timeout(5.0):
        assert await run_until(supervisor, begun) == 1


async def test_a_service_that_ignores_its_cancellation_is_left_behind() -> None:
    begun = asyncio.Event()
    begun.set()
    stubborn = Stubborn(ignores_cancellation=True)
    supervisor = Supervisor(service_seconds=0.05)
    supervisor.add(stubborn)
    assert await run_until(supervisor, begun) == 1
    stubborn.released.set()


async def test_an_error_while_stopping_is_not_an_orderly_end() -> None:
    class Sour:
        name = "sour"

        async def run(self, stopping: asyncio.Event) -> None:
            await stopping.wait()
            raise ValueError("could not flush")

    begun = asyncio.Event()
    begun.set()
    supervisor = Supervisor()
    supervisor.add(Sour())
    assert await run_until(supervisor, begun) == 1


def thread_service(target: Callable[[threading.Event], None]) -> Supervisor:
    supervisor = Supervisor(service_seconds=5.0)
    supervisor.add(ThreadService("loop", target))
    return supervisor


async def test_a_thread_is_told_to_stop_and_waited_for() -> None:
    begun, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def target(stop: threading.Event) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert stop.wait(SECONDS)
        ended.set()

    assert await run_until(thread_service(target), begun) == 0
    assert ended.is_set()


async def test_a_thread_that_fails_ends_the_process() -> None:
    def target(stop: threading.Event) -> None:
        raise ValueError("broken")

    async with asyncio.timeout(SECONDS):
        assert await thread_service(target).run() == 1


async def test_a_thread_that_does_not_stop_is_left_behind() -> None:
    begun, released = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def target(stop: threading.Event) -> None:
        loop.call_soon_threadsafe(begun.set)
        released.wait(SECONDS)

    supervisor = Supervisor(service_seconds=0.05)
    supervisor.add(ThreadService("loop", target))
    assert await run_until(supervisor, begun) == 1
    released.set()
