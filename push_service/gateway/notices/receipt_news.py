"""What sockets were shown and apps acknowledged, told to the delivery timelines: through Kafka, in the background."""

import asyncio
from collections import deque

import structlog

from backbone.publishing import AsyncPublishing, PublishFailed
from backbone.receipts import ReceiptEncoder, receipt_record
from domain.delivery_step import PushReceipt
from push_service.gateway.metrics import GatewayMetrics
from runtime.fail_points import Reached, never

log = structlog.get_logger(__name__)

_SOURCE = "/gateway"
_BATCH = 1_000
_GATHER_SECONDS = 0.02
_RETRY_SECONDS = 1.0


class ReceiptNews:
    """A service. Nobody waits for it, and no socket is slower for it.

    When more than `max_waiting` wait for Kafka, further ones are not told, and counted.
    """

    name = "receipt-news"

    def __init__(
        self,
        publisher: AsyncPublishing,
        encoder: ReceiptEncoder,
        metrics: GatewayMetrics,
        max_waiting: int = 100_000,
        reached: Reached = never,
    ) -> None:
        self._publisher = publisher
        self._encoder = encoder
        self._metrics = metrics
        self._max_waiting = max_waiting
        self._reached = reached
        self._waiting: deque[PushReceipt] = deque()
        self._news = asyncio.Event()

    def tell(self, receipt: PushReceipt) -> None:
        """Puts it with those that wait."""
        if len(self._waiting) >= self._max_waiting:
            self._metrics.receipts_untold.inc()
            return
        self._waiting.append(receipt)
        self._news.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Publishes until told to stop; then what is left, once."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                seconds = _GATHER_SECONDS if await self._publish() else _RETRY_SECONDS
                await asyncio.wait({stopped}, timeout=seconds)
                news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait({stopped, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        finally:
            stopped.cancel()
        await self._publish()
        if self._waiting:
            self._metrics.receipts_untold.inc(len(self._waiting))

    async def _publish(self) -> bool:
        """False when Kafka did not take all: those wait on, in front of the others."""
        self._news.clear()
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            records = [receipt_record(self._encoder, each, _SOURCE) for each in batch]
            self._reached("gateway.receipts-made")
            outcomes = await self._publisher.publish(records)
            failed = [
                (each, outcome)
                for each, outcome in zip(batch, outcomes, strict=True)
                if isinstance(outcome, PublishFailed)
            ]
            if failed:
                log.warning("receipts are not told yet", count=len(failed), reason=failed[0][1].detail)
                self._waiting.extendleft(each for each, outcome in reversed(failed) if outcome.retryable)
                self._news.set()
                return False
        return True
