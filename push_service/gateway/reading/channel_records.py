"""What a channel published since a position, from wherever that is still to be had: the log, else index and Kafka."""

import asyncio
from collections.abc import Sequence

import structlog

from backbone.topic_scan import Range
from domain.errors import OutageError
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.reading.channel_scan import ChannelScans, ScanTooLarge
from push_service.gateway.reading.feed_table import FeedTable
from push_service.gateway.reading.gap import gap_ranges
from push_service.gateway.reading.partition_feed import PartitionFeed
from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelIndex, SnapshotReader

log = structlog.get_logger(__name__)

_INDEX_SECONDS = 1.0
"""What the index may wait for Redis. It only saves reading: without it the partition tells the same."""

_REPEATED_RECORDS = 2_000
"""How far behind the first what a killed processor makes again is looked for: some batches."""


class ChannelRecords:
    """What is given is complete up to the log's end at the moment of return: use it before anything is awaited."""

    def __init__(self, feeds: FeedTable, snapshots: SnapshotReader, scans: ChannelScans) -> None:
        self._feeds = feeds
        self._snapshots = snapshots
        self._scans = scans

    async def since(self, feed: PartitionFeed, channel: str, position: int | None) -> Sequence[Publication] | None:
        """The channel's publications from a Kafka offset on, in order; None as position: from the first that is kept.

        The position is at most the log's end. None when that cannot be told exactly: records are no longer kept, or
        more would have to be read than the bounds let. Raises OutageError.
        """
        if position is not None and feed.log.covers(position):
            return feed.log.since(channel, position)
        low = (await self._feeds.watermarks(feed.ref)).low
        at = low if position is None else position
        if at < low:
            return None
        try:
            earlier, upto = await self._before_log(feed, channel, at, low)
        except ScanTooLarge:
            return None
        live = feed.log.since(channel, upto)
        if not earlier:
            return live
        return [each for each in without_repeats([*earlier, *live]) if each.kafka_offset >= at]

    async def _before_log(self, feed: PartitionFeed, channel: str, at: int, low: int) -> tuple[list[Publication], int]:
        """The publications before an offset that the log covers, and this offset. The log goes on losing its oldest.

        They begin a little before the position where the index does not tell what is a repeat.
        """
        found: list[Publication] = []
        index = None if feed.log.covers(at) else await self._index(feed, channel)
        before = Range(max(low, at - _REPEATED_RECORDS), at)
        while not feed.log.covers(at):
            upto = feed.log.well_inside
            ranges = gap_ranges(at, upto, index)
            if ranges:
                unlisted = ranges[0].start == before.end and ranges[0].end > before.end + 1
                first = [before] if unlisted and before.start < before.end else []
                found += await self._scans.find(feed.ref, channel, [*first, *ranges])
            at = upto
        return found, at

    async def _index(self, feed: PartitionFeed, channel: str) -> ChannelIndex | None:
        try:
            async with asyncio.timeout(_INDEX_SECONDS):
                return await self._snapshots.index(PartitionTag(feed.ref.topic_id, feed.ref.partition), channel)
        except (TimeoutError, OutageError) as error:
            log.info("no index", partition=feed.ref.partition, reason=str(error) or "too slow")
            return None


def without_repeats(publications: Sequence[Publication]) -> list[Publication]:
    """Those that are news of their source: see PartitionLog."""
    ranks: dict[tuple[str, int], tuple[int, int]] = {}
    news = []
    for publication in publications:
        source = publication.update.source
        if source is not None:
            if source.rank <= ranks.get(source.stream, (-1, -1)):
                continue
            ranks[source.stream] = source.rank
        news.append(publication)
    return news
