"""Who joins and leaves channels, told to all gateways: through Kafka, like everything that clients see."""

import asyncio
from collections import deque

import structlog

from backbone.publishing import PublishFailed
from push_service.gateway.live_publisher import LivePublisher, NewPublication
from push_service.gateway.metrics import GatewayMetrics

log = structlog.get_logger(__name__)

_BATCH = 500


class JoinNews:
    """Publishes in the background, in order. Nobody waits for it, and nothing of it is kept.

    When more than `max_waiting` wait for Kafka, further ones are not told, and counted: presence stays right.
    """

    name = "join-news"

    def __init__(self, publisher: LivePublisher, metrics: GatewayMetrics, max_waiting: int = 10_000) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._max_waiting = max_waiting
        self._waiting: deque[NewPublication] = deque()
        self._news = asyncio.Event()

    def tell(self, news: NewPublication) -> None:
        """Of a join or leave; see LiveUpdate's JOIN and LEAVE."""
        if len(self._waiting) >= self._max_waiting:
            self._metrics.joins_untold.inc()
            return
        self._waiting.append(news)
        self._news.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Publishes until told to stop; then what is left, once."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                await self._publish()
                news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait({stopped, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        finally:
            stopped.cancel()
        await self._publish()

    async def _publish(self) -> None:
        self._news.clear()
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            failed = [each for each in await self._publisher.publish(batch) if isinstance(each, PublishFailed)]
            if failed:
                self._metrics.joins_untold.inc(len(failed))
                log.warning("joins and leaves are not told", count=len(failed), reason=failed[0].detail)
