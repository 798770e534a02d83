"""How a subscribe is answered: with exactly what was missed, or with a snapshot and what came since."""

import asyncio

import msgspec
import structlog

from domain.errors import OutageError
from push_service.gateway.backlog import ReplyLimits, fitted
from push_service.gateway.channel_rules import ChannelRule
from push_service.gateway.feed_table import FeedTable, OpenPartition
from push_service.gateway.partition_feed import PartitionFeed
from push_service.gateway.protocol.commands import REJECT_UNRECOVERED, SubscribeRequest
from push_service.gateway.protocol.errors import INTERNAL, UNRECOVERABLE_POSITION, CommandError
from push_service.gateway.protocol.replies import SubscribeResult
from push_service.gateway.publication import Publication
from push_service.gateway.snapshots import SnapshotCache, SnapshotView

log = structlog.get_logger(__name__)


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

        The protocol's offset is Kafka's of the last one seen plus 1: the offset of what comes next. An empty epoch with
        offset 0 asks for everything that is kept.
        """
        request = self.request
        if not request.recover or request.offset < 0:
            return None
        if request.epoch == feed.epoch or (request.epoch == "" and request.offset == 0):
            return request.offset
        return None


class Recovery:
    """Answers subscribes. A result holds for the log's end at that moment: join the channel before anything is awaited.

    Between a snapshot and live nothing is lost or doubled, because all of it comes from the one log: what the log has
    since the snapshot's offset goes with the reply, what it takes after that is pushed.
    """

    def __init__(self, feeds: FeedTable, snapshots: SnapshotCache, limits: ReplyLimits, seconds: float) -> None:
        self._feeds = feeds
        self._snapshots = snapshots
        self._limits = limits
        self._seconds = seconds

    def now(self, wanted: Wanted) -> SubscribeResult | None:
        """The answer, if all that it takes is in memory. Raises CommandError 112, as `soon` does."""
        feed = wanted.partition.current
        if feed is None:
            return None
        position = wanted.position(feed)
        if position is not None and position > feed.log.end:
            return None
        return self._answer(wanted, feed, position, self._snapshots.fresh(wanted.partition.ref, wanted.channel))

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
        if result is None:
            raise CommandError(INTERNAL)
        return result

    async def _soon(self, wanted: Wanted) -> SubscribeResult | None:
        feed = await self._feeds.ready(wanted.partition, wanted.channel)
        position = wanted.position(feed)
        if position is not None and position > feed.log.end:
            # Another gateway was ahead of this one, unless the position is beyond what Kafka has.
            if position <= await self._feeds.high(wanted.partition.ref):
                await feed.reach(position)
            else:
                position = None
        result = self._answer(wanted, feed, position, None)
        if result is not None:
            return result
        view = await self._snapshots.load(wanted.partition.ref, wanted.channel)
        if view is None:
            return None
        await feed.reach(view.next_offset)
        return self._answer(wanted, feed, position, view)

    def _answer(
        self, wanted: Wanted, feed: PartitionFeed, position: int | None, view: SnapshotView | None
    ) -> SubscribeResult | None:
        """None when what is given is not enough for a truthful answer."""
        missed = self._missed(wanted, feed, position, view)
        if missed is not None:
            return self._result(wanted, feed, missed, recovered=True)
        if not wanted.rule.snapshot:
            return self._result(wanted, feed, (), recovered=False)
        if view is None or not feed.log.covers(view.next_offset):
            return None
        if wanted.request.recover and wanted.request.flag & REJECT_UNRECOVERED:
            raise CommandError(UNRECOVERABLE_POSITION)
        # The snapshot's first page may take most of a reply, and leaves room for what came since.
        page = view.page("", self._limits.max_bytes * 3 // 4)
        since = self._fitted(wanted, feed, view.next_offset, len(page))
        if since is None:
            return None
        return self._result(wanted, feed, since, recovered=False, data=page)

    def _missed(
        self, wanted: Wanted, feed: PartitionFeed, position: int | None, view: SnapshotView | None
    ) -> tuple[Publication, ...] | None:
        """What the client missed; None when that cannot be told exactly, or is more than fits."""
        if position is None or position > feed.log.end:
            return None
        if feed.log.covers(position):
            return self._fitted(wanted, feed, position, 0)
        silent = view is not None and view.last is not None and view.last < position
        if silent and view is not None and feed.log.covers(view.next_offset):
            # The log begins after the position, but the channel's last record before the log is one that it has seen.
            return self._fitted(wanted, feed, max(position, view.next_offset), 0)
        return None

    def _fitted(self, wanted: Wanted, feed: PartitionFeed, offset: int, taken: int) -> tuple[Publication, ...] | None:
        publications = feed.log.since(wanted.channel, offset)
        return fitted(publications, self._limits, self._limits.max_bytes - taken, wanted.rule.conflated_kinds)

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
