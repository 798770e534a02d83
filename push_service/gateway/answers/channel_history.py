"""What a channel still holds: from the log, else from what Kafka keeps, as far as its kind's rule says."""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from domain.channels import Channel
from domain.errors import OutageError
from domain.instants import Micros
from push_service.gateway.answers.backlog import ReplyLimits, kept
from push_service.gateway.channels.channel_rules import ChannelRule
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.protocol.commands import StreamPosition
from push_service.gateway.protocol.errors import INTERNAL, NOT_AVAILABLE, UNRECOVERABLE_POSITION, CommandError
from push_service.gateway.protocol.replies import HistoryResult
from push_service.gateway.reading.channel_records import ChannelRecords
from push_service.gateway.reading.feed_table import FeedTable
from push_service.gateway.reading.partition_feed import PartitionFeed

log = structlog.get_logger(__name__)


class Page(msgspec.Struct, frozen=True):
    """Which part of a history is wanted."""

    limit: int = 0
    """Most publications; 0: the position only, below 0: as many as fit into a reply."""
    since: StreamPosition | None = None
    """Only what comes after it, or before it when `reverse`."""
    reverse: bool = False


class ChannelHistory:
    """Reads histories, for clients and back ends."""

    def __init__(
        self,
        feeds: FeedTable,
        records: ChannelRecords,
        limits: ReplyLimits,
        seconds: float,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._feeds = feeds
        self._records = records
        self._limits = limits
        self._seconds = seconds
        self._clock = clock

    async def read(self, channel: Channel, rule: ChannelRule, page: Page) -> HistoryResult:
        """A page, and the channel's position now. Whatever was acknowledged before the call is accounted for.

        Raises CommandError: 108 for a channel that is not served, or whose kind has no history; 112 when what is asked
        for is not kept, or is more than we look through; 100 when it cannot be had now.
        """
        ref = self._feeds.ref_of(channel)
        if ref is None or not rule.history:
            raise CommandError(NOT_AVAILABLE)
        partition = self._feeds.hold(ref)
        try:
            async with asyncio.timeout(self._seconds):
                feed = await self._feeds.ready(partition, str(channel))
                await feed.reach((await self._feeds.watermarks(ref)).high)
                return await self._page(feed, str(channel), rule, page)
        except (TimeoutError, OutageError) as error:
            log.info("history not told", partition=ref.partition, reason=str(error) or "too slow")
            raise CommandError(INTERNAL) from error
        finally:
            self._feeds.release(partition)

    async def _page(self, feed: PartitionFeed, channel: str, rule: ChannelRule, page: Page) -> HistoryResult:
        since = page.since
        if since is not None and (since.epoch not in ("", feed.epoch) or not 0 <= since.offset <= feed.log.end):
            raise CommandError(UNRECOVERABLE_POSITION)
        publications: Sequence[Publication] = ()
        if page.limit != 0:
            publications = await self._publications(feed, channel, rule, page)
        return HistoryResult(self._fitted(publications, page), feed.epoch, feed.log.end)

    async def _publications(
        self, feed: PartitionFeed, channel: str, rule: ChannelRule, page: Page
    ) -> Sequence[Publication]:
        """In the order that the page has them; more than it holds, perhaps."""
        since = page.since
        if since is not None and since.offset > 0 and not page.reverse:
            found = await self._records.since(feed, channel, since.offset)
            if found is None or kept(found, rule, self._clock()) < len(found):
                raise CommandError(UNRECOVERABLE_POSITION)
            return found
        found = self._newest(feed, channel, rule, page)
        if found is None:
            found = await self._records.since(feed, channel, None)
        if found is None:
            raise CommandError(UNRECOVERABLE_POSITION)
        found = found[len(found) - kept(found, rule, self._clock()) :]
        if not page.reverse:
            return found
        return [each for each in reversed(found) if since is None or each.offset < since.offset]

    def _newest(self, feed: PartitionFeed, channel: str, rule: ChannelRule, page: Page) -> Sequence[Publication] | None:
        """Those that the log has, if that is all that is kept, or all that a page of the newest needs."""
        found = feed.log.since(channel, feed.log.start)
        enough = rule.history_size
        if page.reverse and page.since is None and page.limit > 0:
            enough = page.limit if enough is None else min(enough, page.limit)
        return found if enough is not None and len(found) >= enough else None

    def _fitted(self, publications: Sequence[Publication], page: Page) -> tuple[Publication, ...]:
        """The first of them, as many as are wanted and fit."""
        most = self._limits.max_publications if page.limit < 0 else min(page.limit, self._limits.max_publications)
        fitting: list[Publication] = []
        room = self._limits.max_bytes
        for publication in publications[:most]:
            room -= len(publication.json) + 1
            if room < 0 and fitting:
                break
            fitting.append(publication)
        return tuple(fitting)
