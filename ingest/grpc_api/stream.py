"""One stream of notifications: read ahead up to a bound, published in batches, answered one by one and in order.

While Kafka answers for one batch, the next is being read: so a stream needs no task for each request, and is as fast as
`in_flight` requests for each round trip to Kafka.
"""

import asyncio
import time
from collections import deque

from ingest.admission import Admission, Caller
from ingest.carrying import Carrier
from ingest.grpc_api.answers import Context, encoded, reply_of
from ingest.grpc_api.metadata import metadata_of
from ingest.grpc_api.problems import SLOW_READER, STOPPING, STREAM_IDLE
from ingest.grpc_api.settings import GrpcSettings
from ingest.metrics import ItemMetrics
from ingest.responses import Result, outcomes
from runtime.http.byte_budget import ByteBudget
from runtime.http.problem import INTERNAL_ERROR, Problem

CROWDED_SECONDS = 0.02  # how often a stream looks whether there is room for the bytes of what it has read


class NotificationStream:
    """The two halves of a stream, and what is between them."""

    def __init__(
        self,
        context: Context,
        settings: GrpcSettings,
        *,
        admission: Admission,
        budget: ByteBudget,
        carrier: Carrier,
        metrics: ItemMetrics,
    ) -> None:
        self._context = context
        self._metadata = metadata_of(context)
        self._settings = settings
        self._admission = admission
        self._budget = budget
        self._carrier = carrier
        self._metrics = metrics
        self._room = asyncio.Semaphore(settings.in_flight)
        self._waiting: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._caller: Caller
        self._reader: asyncio.Task[None] | None = None
        self._why: Problem | None = None
        """Why no more is read; None: because the client has sent all."""
        self._answered = 0

    async def run(self) -> None:
        """Until the client has sent all, and has its answers. Raises Problem when it ends otherwise."""
        self._caller = await self._admit()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._arrived.set())
        try:
            while batch := await self._next():
                await self._answer(batch)
            await self._reader_ended()
        finally:
            self._reader.cancel()
            await asyncio.wait({self._reader})
            self._budget.give(sum(map(len, self._waiting)))
            if self._waiting:  # came in, and is in the books, but nobody is there to be told
                self._metrics.refused(INTERNAL_ERROR.slug, len(self._waiting))
        if self._why is not None:
            raise self._why

    def drain(self) -> None:
        """Reads no more, answers what was read, and ends the stream."""
        if self._reader is not None and self._reader.done():
            return
        self._why = Problem(STOPPING, "this server is about to stop; send what was not answered to another")
        if self._reader is not None:
            self._reader.cancel()

    async def _admit(self) -> Caller:
        try:
            return await self._admission.admit_backend(self._metadata.authorization)
        except Problem as problem:
            self._metrics.refused(problem.slug, 1)
            raise

    async def _read(self) -> None:
        if self._why is not None:  # told to stop meanwhile
            return
        while True:
            await self._room.acquire()
            try:
                async with asyncio.timeout(self._settings.idle_seconds):
                    raw: object = await self._context.read()
            except TimeoutError:
                self._why = Problem(STREAM_IDLE, f"nothing came for {self._settings.idle_seconds:g} s")
                return
            if not isinstance(raw, bytes):  # aio.EOF
                return
            await self._spend()
            await self._hold(len(raw))
            self._waiting.append(raw)
            self._arrived.set()

    async def _spend(self) -> None:
        """A stream that brings too much is not refused but read more slowly."""
        while True:
            seconds = self._admission.spend_one(self._caller)
            if seconds <= 0:
                return
            await asyncio.sleep(seconds)

    async def _hold(self, size: int) -> None:
        while True:
            try:
                return self._budget.take(size)
            except Problem:
                await asyncio.sleep(CROWDED_SECONDS)

    async def _next(self) -> list[bytes]:
        """What has arrived; nothing if nothing more will."""
        assert self._reader is not None
        while not self._waiting and not self._reader.done():
            self._arrived.clear()
            await self._arrived.wait()
        batch = list(self._waiting)
        self._waiting.clear()
        return batch

    async def _answer(self, batch: list[bytes]) -> None:
        began = time.perf_counter()
        count, size = len(batch), sum(map(len, batch))
        try:
            # Asked again for every batch: a stream may outlive its credential.
            self._caller = await self._admission.admit_backend(self._metadata.authorization)
            results = await self._carrier.carry(batch, self._caller, self._metadata.traceparent, lambda _: "")
        except Problem as problem:
            self._metrics.refused(problem.slug, count)
            raise
        except BaseException:  # also when the client leaves: what came in is in the books
            self._metrics.refused(INTERNAL_ERROR.slug, count)
            raise
        finally:
            self._budget.give(size)
        self._metrics.answered(outcomes(results), time.perf_counter() - began)
        await self._write(results)

    async def _write(self, results: list[Result]) -> None:
        try:
            for result in results:
                async with asyncio.timeout(self._settings.idle_seconds):
                    await self._context.write(encoded(reply_of(self._answered, result)))
                self._answered += 1
                self._room.release()
        except TimeoutError:
            detail = f"an answer was not taken for {self._settings.idle_seconds:g} s"
            raise Problem(SLOW_READER, detail) from None

    async def _reader_ended(self) -> None:
        """Raises what ended the reading, unless it was ended on purpose."""
        assert self._reader is not None
        if not self._reader.cancelled():
            await self._reader
