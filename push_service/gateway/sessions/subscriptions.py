"""Joining and leaving channels: session, hub, partition, attendance and grants always agree on who follows what."""

from collections.abc import Callable, Sequence

from push_service.gateway.delivery.hub import Hub
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.delivery.tailoring import Tailoring
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.presence.attendance import Attendance
from push_service.gateway.protocol.pushes import PublicationBody
from push_service.gateway.reading.feed_table import FeedTable, OpenPartition
from push_service.gateway.sessions.grants import Grants
from push_service.gateway.sessions.session import Session

Missed = Sequence[Publication | PublicationBody]


class Subscriptions:
    """Keeps all of them in step."""

    def __init__(
        self,
        hub: Hub,
        feeds: FeedTable,
        attendance: Attendance,
        grants: Grants,
        metrics: GatewayMetrics,
        recovered: Callable[[Session, str, Missed], None],
    ) -> None:
        """`recovered` is told what a reply brings of a channel."""
        self._hub = hub
        self._attendance = attendance
        self._grants = grants
        self._feeds = feeds
        self._recovered = recovered
        self._count = 0
        metrics.subscriptions.set_function(lambda: self._count)

    def join(
        self,
        session: Session,
        channel: str,
        partition: OpenPartition,
        *,
        joins: bool = False,
        tailoring: Tailoring | None = None,
        missed: Missed = (),
    ) -> None:
        """The session gets the channel's pushes from now on. The partition is held already, and stays so.

        `joins`: the client asks to be told who joins and leaves. `tailoring`: it wants its pushes cut to its measure.
        `missed`: the publications that the reply to this brings.
        """
        session.subscriptions[channel] = partition
        if tailoring is None:
            self._hub.subscribe(channel, session.transport)
        else:
            self._hub.subscribe_tailored(channel, session.transport, tailoring)
        if self._attendance.joined(session, channel, asks=joins):
            self._hub.listen(channel, session.transport)
        self._count += 1
        if missed:
            self._recovered(session, channel, missed)

    def leave(self, session: Session, channel: str) -> None:
        """It gets no more of them. A channel that it does not follow is ignored."""
        partition = session.subscriptions.pop(channel, None)
        if partition is not None:
            self._hub.unsubscribe(channel, session.transport)
            self._attendance.left(session, channel)
            self._grants.drop(session, channel)
            self._feeds.release(partition)
            self._count -= 1

    def leave_all(self, session: Session) -> None:
        """The session is over."""
        for channel in tuple(session.subscriptions):
            self.leave(session, channel)
