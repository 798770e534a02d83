"""How a subscribe is answered: with exactly what was missed, or with a snapshot and what came since."""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from domain.errors import OutageError
from domain.instants import Micros
from push_service.gateway.answers.backlog import ReplyLimits, bytes_of, fitted, kept
from push_service.gateway.answers.snapshots import SnapshotCache, SnapshotView
from push_service.gateway.channels.channel_rules import ChannelRule
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.protocol.commands import REJECT_UNRECOVERED, SubscribeRequest
from push_service.gateway.protocol.errors import INTERNAL, UNRECOVERABLE_POSITION, CommandError
from push_service.gateway.protocol.replies import SubscribeResult
from push_service.gateway.reading.channel_records import ChannelRecords
from push_service.gateway.reading.feed_table import FeedTable, OpenPartition
from push_service.gateway.reading.partition_feed import PartitionFeed

log = structlog.get_logger(__name__)

_LEAST_PAGE = 8
"""A snapshot's first page gets at least this part of a reply."""


class Wanted(msgspec.Struct, frozen=True):
    """A subscribe that was found to be permitted."""

    partition: OpenPartition
    rule: ChannelRule
    request: SubscribeRequest

    @property
    def channel(self) -> str:
        """The channel's name."""
        return self.request.channel

    def position(self, feed: PartitionFeed) -> int | None:
        """The Kafka offset from which the client misses everything; None when it has no position in this partition.

        The protocol's offset is Kafka's of the last one seen plus 1: the offset of what comes next.
        """
        request = self.request
        return request.offset if request.recover and request.offset >= 0 and request.epoch == feed.epoch else None

    @property
    def from_start(self) -> bool:
        """Whether the client asks for all that is kept: offset 0 and an empty epoch."""
        return self.request.recover and self.request.epoch == "" and self.request.offset == 0


class Recovery:
    """Answers subscribes. A result holds for the log's end at that moment: join the channel before anything is awaited.

    Between a snapshot and live nothing is lost or doubled, because all of it comes from the one log: what came since
    the snapshot's offset goes with the reply, what the log takes after that is pushed.
    """

    def __init__(
        self,
        feeds: FeedTable,
        records: ChannelRecords,
        snapshots: SnapshotCache,
        limits: ReplyLimits,
        seconds: float,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._feeds = feeds
        self._records = records
        self._snapshots = snapshots
        self._limits = limits
        self._seconds = seconds
        self._clock = clock

    def now(self, wanted: Wanted) -> SubscribeResult | None:
        """The answer, if all that it takes is in memory. Raises CommandError 112, as `soon` does."""
        feed = wanted.partition.current
        if feed is None:
            return None
        if wanted.request.recover:
            position = 0 if wanted.from_start else wanted.position(feed)
            if position is None or not feed.log.covers(position):
                return None
            missed = self._fitted(wanted, feed.log.since(wanted.channel, position))
            return None if missed is None else self._result(wanted, feed, missed, recovered=True)
        if not wanted.rule.snapshot:
            return self._result(wanted, feed, (), recovered=False)
        view = self._snapshots.fresh(wanted.partition.ref, wanted.channel)
        if view is None or not feed.log.covers(view.next_offset):
            return None
        return self._shown(wanted, feed, view, feed.log.since(wanted.channel, view.next_offset))

    async def soon(self, wanted: Wanted) -> SubscribeResult:
        """The answer.

        Raises CommandError 100, which SDKs try again, when it cannot be had in time or truthfully; 112 when the client
        wants no snapshot and cannot be told exactly what it missed.
        """
        try:
            async with asyncio.timeout(self._seconds):
                result = await self._soon(wanted)
        except (TimeoutError, OutageError) as error:
            log.info(
                "subscribe not answered", partition=wanted.partition.ref.partition, reason=str(error) or "too slow"
            )
            raise CommandError(INTERNAL) from error
        if result is None or wanted.partition.current is None:
            raise CommandError(INTERNAL)
        return result

    async def _soon(self, wanted: Wanted) -> SubscribeResult | None:
        feed = await self._feeds.ready(wanted.partition, wanted.channel)
        if wanted.request.recover:
            missed = await self._missed(wanted, feed)
            if missed is not None:
                return self._result(wanted, feed, missed, recovered=True)
        if wanted.request.recover and wanted.request.flag & REJECT_UNRECOVERED:
            raise CommandError(UNRECOVERABLE_POSITION)
        if not wanted.rule.snapshot:
            return self._result(wanted, feed, (), recovered=False)
        result, valid_to = await self._from_snapshot(wanted, feed, -1)
        if result is None and valid_to is not None:
            # It was read a moment ago, and what came since is more than fits: a newer one has less to add.
            result, _ = await self._from_snapshot(wanted, feed, valid_to)
        return result

    async def _missed(self, wanted: Wanted, feed: PartitionFeed) -> tuple[Publication, ...] | None:
        """What the client missed; None when that cannot be told exactly, or is more than fits."""
        position = wanted.position(feed)
        if position is None and not wanted.from_start:
            return None
        if position is not None and position > feed.log.end:
            # Another gateway was ahead of this one, unless the position is beyond what Kafka has.
            if position > (await self._feeds.watermarks(feed.ref)).high:
                return None
            await feed.reach(position)
        publications = await self._records.since(feed, wanted.channel, position)
        return None if publications is None else self._fitted(wanted, publications)

    async def _from_snapshot(
        self, wanted: Wanted, feed: PartitionFeed, beyond: int
    ) -> tuple[SubscribeResult | None, int | None]:
        """The answer, and the offset of the snapshot, if there is one."""
        view = await self._snapshots.load(feed.ref, wanted.channel, beyond=beyond)
        if view is None:
            return None, None
        await feed.reach(view.next_offset)
        since = await self._records.since(feed, wanted.channel, view.next_offset)
        return None if since is None else self._shown(wanted, feed, view, since), view.next_offset

    def _shown(
        self, wanted: Wanted, feed: PartitionFeed, view: SnapshotView, since: Sequence[Publication]
    ) -> SubscribeResult | None:
        """The snapshot's first page beside what came since. None when that leaves no room for a page."""
        kinds = wanted.rule.conflated_kinds
        room = self._limits.max_bytes - self._limits.max_bytes // _LEAST_PAGE
        publications = fitted(since, self._limits, room, kinds)
        if publications is None:
            return None
        page = view.page("", self._limits.max_bytes - bytes_of(publications))
        return self._result(wanted, feed, publications, recovered=False, data=page)

    def _fitted(self, wanted: Wanted, publications: Sequence[Publication]) -> tuple[Publication, ...] | None:
        """What fits into a reply of those that count as kept; None when that is less than the client missed."""
        count = kept(publications, wanted.rule, self._clock())
        publications, missed = publications[len(publications) - count :], len(publications)
        if count < missed and not wanted.from_start:
            return None
        return fitted(publications, self._limits, self._limits.max_bytes, wanted.rule.conflated_kinds)

    def _result(
        self,
        wanted: Wanted,
        feed: PartitionFeed,
        publications: tuple[Publication, ...],
        *,
        recovered: bool,
        data: msgspec.Raw | None = None,
    ) -> SubscribeResult:
        return SubscribeResult(
            recoverable=wanted.rule.recoverable,
            positioned=wanted.rule.recoverable,
            epoch=feed.epoch,
            offset=feed.log.end,
            publications=publications,
            was_recovering=wanted.request.recover,
            recovered=recovered,
            data=data,
        )
