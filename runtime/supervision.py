"""What runs in a process and how it ends: services start in the order of `add` and stop in reverse.

Example followed: one tiny `run` for everything that runs, and one supervisor that owns signals and deadlines.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

CANCEL_GRACE_SECONDS = 1.0  # what a cancelled service gets to let go of what it holds


class Service(Protocol):
    """Something that runs for as long as the process does."""

    @property
    def name(self) -> str:
        """Named in logs."""
        ...

    async def run(self, stopping: asyncio.Event) -> None:
        """Return soon after `stopping` is set. Returning or raising before that ends the process."""
        ...


class ThreadService:
    """A blocking loop in a thread of its own, as a service.

    `target` gets a `threading.Event` and must look at it at least every second; what it raises, `run` raises.
    """

    def __init__(
        self, name: str, target: Callable[[threading.Event], None], stop: threading.Event | None = None
    ) -> None:
        """`stop`: the event to use, when something else that blocks the thread has to look at it too."""
        self.name = name
        self._target = target
        self._stop = stop or threading.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        stop = self._stop
        # A daemon, so that a thread which overstays its deadline cannot keep the process alive.
        threading.Thread(target=self._body, args=(stop, loop, ended), name=self.name, daemon=True).start()
        asked: asyncio.Future[Any] = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await ended
        finally:
            stop.set()
            asked.cancel()

    def _body(self, stop: threading.Event, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None]) -> None:
        error: BaseException | None = None
        try:
            self._target(stop)
        except BaseException as caught:  # noqa: BLE001 whatever ends the thread must reach the supervisor
            error = caught
        try:
            loop.call_soon_threadsafe(_settle, ended, error)
        except RuntimeError:
            log.warning("thread ended after its event loop", service=self.name, exc_info=error)


def _settle(future: asyncio.Future[None], error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


@dataclass(frozen=True)
class _Running:
    service: Service
    stopping: asyncio.Event
    task: asyncio.Task[None]


class Supervisor:
    """Runs services until a signal, `stop()`, or the end of any of them; then stops them all in reverse order.

    Each service gets `service_seconds` to stop, and all together `total_seconds`; who overstays is cancelled.
    """

    def __init__(self, *, total_seconds: float = 20.0, service_seconds: float = 10.0) -> None:
        self._total_seconds = total_seconds
        self._service_seconds = service_seconds
        self._services: list[Service] = []
        self._stop = asyncio.Event()

    def add(self, service: Service) -> None:
        """Add a service, before `run`. What others rely on is added first, for it stops last."""
        self._services.append(service)

    def stop(self) -> None:
        """Begin the orderly stop."""
        self._stop.set()

    async def stop_requested(self) -> None:
        """Returns when the orderly stop has begun."""
        await self._stop.wait()

    def handle_signals(self) -> None:
        """SIGTERM and SIGINT begin the orderly stop; a second one ends the process at once, with exit code 1."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._on_signal, each)

    def _on_signal(self, received: signal.Signals) -> None:
        if self._stop.is_set():
            log.error("aborted", signal=received.name)
            sys.stderr.flush()
            os._exit(1)
        log.info("stopping", signal=received.name)
        self._stop.set()

    async def run(self, before_stop: Callable[[], None] = lambda: None) -> int:
        """Run all to the end; `before_stop` is called when the stop begins. Returns 0, or 1 unless all was orderly."""
        running = [self._start(service) for service in self._services]
        asked = asyncio.create_task(self._stop.wait())
        await asyncio.wait({asked, *(each.task for each in running)}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        orderly = self._stop.is_set()
        self._stop.set()
        before_stop()
        early = [each for each in running if each.task.done()]
        for each in early:
            orderly = False
            log.error("service ended early", service=each.service.name, exc_info=_error_of(each.task))
        give_up_at = asyncio.get_running_loop().time() + self._total_seconds
        for each in reversed(running):
            if each not in early:
                orderly = await self._stop_one(each, give_up_at) and orderly
        return 0 if orderly else 1

    def _start(self, service: Service) -> _Running:
        stopping = asyncio.Event()
        return _Running(service, stopping, asyncio.create_task(service.run(stopping), name=service.name))

    async def _stop_one(self, each: _Running, give_up_at: float) -> bool:
        """True if the service ended by itself, in time and without an error."""
        seconds = min(self._service_seconds, give_up_at - asyncio.get_running_loop().time())
        each.stopping.set()
        ended, _ = await asyncio.wait({each.task}, timeout=max(seconds, 0.0))
        if not ended:
            await self._cancel(each)
            return False
        error = _error_of(each.task)
        if error is not None:
            log.error("service failed while stopping", service=each.service.name, exc_info=error)
        return error is None

    async def _cancel(self, each: _Running) -> None:
        log.error("service did not stop in time, cancelled", service=each.service.name)
        each.task.cancel()
        ended, _ = await asyncio.wait({each.task}, timeout=CANCEL_GRACE_SECONDS)
        if not ended:
            log.error("service ignores its cancellation", service=each.service.name)
            return
        error = _error_of(each.task)
        if error is not None:
            log.error("service failed when cancelled", service=each.service.name, exc_info=error)


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
