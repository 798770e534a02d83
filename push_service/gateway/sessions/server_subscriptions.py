"""What a connection follows without asking: the user's own channel, and those that its token names."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec

from access.viewer import Viewer
from push_service.gateway.answers.recovery import Recovery, Wanted
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.protocol.commands import SubscribeRequest
from push_service.gateway.protocol.errors import INTERNAL, CommandError
from push_service.gateway.protocol.replies import SubscribeResult
from push_service.gateway.reading.feed_table import FeedTable, OpenPartition
from push_service.gateway.reading.partition_log import PartitionLog
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.subscriptions import Subscriptions

NO_CHANNEL = "none"
"""As the template of the user's own channel: there is none."""


class ServerSubscriptions:
    """Subscribes a session on connect, from the positions that the client has."""

    def __init__(
        self,
        rules: ChannelRules,
        feeds: FeedTable,
        recovery: Recovery,
        subscriptions: Subscriptions,
        *,
        own_channel: str,
        at_most: int,
        resumed: Callable[[Session, str, PartitionLog, int], None],
    ) -> None:
        """`own_channel`: a name with {tenant} and {user}, or NO_CHANNEL. `resumed` is told of each channel that goes on
        from the client's position, a Kafka offset.
        """
        self._rules = rules
        self._feeds = feeds
        self._recovery = recovery
        self._subscriptions = subscriptions
        self._own_channel = own_channel
        self._at_most = at_most
        self._resumed = resumed

    def open(
        self, session: Session, positions: Mapping[str, SubscribeRequest]
    ) -> dict[str, SubscribeResult] | Awaitable[dict[str, SubscribeResult]]:
        """Joins all of its channels, and gives what the connect's reply says of them; at once if that can be.

        A channel that is not served, or not the viewer's, is left out. Raises CommandError 100.
        """
        served = self._served(session, positions)
        try:
            results = [self._recovery.now(each) for each in served]
        except BaseException:
            self._release(served)
            raise
        if None in results:
            return self._soon(session, served)
        return self._join(session, served, [each for each in results if each is not None])

    def _served(self, session: Session, positions: Mapping[str, SubscribeRequest]) -> list[Wanted]:
        viewer = session.viewer
        assert viewer is not None
        served = []
        for name in self._names(viewer):
            channel = self._rules.permitted(viewer, name)
            ref = None if channel is None else self._feeds.ref_of(channel)
            if ref is not None:
                request = _request(name, positions.get(name))
                served.append(Wanted(self._feeds.hold(ref), self._rules.of(name), request))
        return served

    def _names(self, viewer: Viewer) -> Iterable[str]:
        if not viewer.user or self._own_channel == NO_CHANNEL:
            return dict.fromkeys(viewer.channels[: self._at_most])
        own = self._own_channel.replace("{tenant}", viewer.tenant).replace("{user}", viewer.user)
        return dict.fromkeys((own, *viewer.channels[: self._at_most - 1])) if viewer.channels else (own,)

    async def _soon(self, session: Session, wanted: list[Wanted]) -> dict[str, SubscribeResult]:
        try:
            results = [await self._recovery.soon(each) for each in wanted]
            results = [_extended(each, result) for each, result in zip(wanted, results, strict=True)]
        except BaseException:
            self._release(wanted)
            raise
        if session.closed:
            self._release(wanted)
            return {}
        return self._join(session, wanted, results)

    def _join(
        self, session: Session, wanted: list[Wanted], results: list[SubscribeResult]
    ) -> dict[str, SubscribeResult]:
        for each, result in zip(wanted, results, strict=True):
            self._subscriptions.join(session, each.channel, each.partition, missed=result.publications)
            feed = each.partition.current
            if result.recovered and feed is not None:
                self._resumed(session, each.channel, feed.log, each.request.offset)
        return {each.channel: result for each, result in zip(wanted, results, strict=True)}

    def _release(self, wanted: list[Wanted]) -> None:
        partitions: list[OpenPartition] = [each.partition for each in wanted]
        for partition in partitions:
            self._feeds.release(partition)


def _request(name: str, had: SubscribeRequest | None) -> SubscribeRequest:
    if had is None or not had.recover:
        return SubscribeRequest(name)
    return SubscribeRequest(name, recover=True, epoch=had.epoch, offset=had.offset)


def _extended(wanted: Wanted, result: SubscribeResult) -> SubscribeResult:
    """The result as of now: while others were waited for, the channel's partition has gone on."""
    feed = wanted.partition.current
    if feed is None or feed.epoch != result.epoch:
        raise CommandError(INTERNAL)
    if feed.log.end == result.offset:
        return result
    if not feed.log.covers(result.offset):
        raise CommandError(INTERNAL)
    news = tuple(feed.log.since(wanted.channel, result.offset)) if result.recovered or result.data is not None else ()
    return msgspec.structs.replace(result, publications=(*result.publications, *news), offset=feed.log.end)
