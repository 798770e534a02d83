"""Who was shown a notification: one receipt for each of the user's own connections that it was handed to."""

import time
from collections.abc import Callable, Container, Sequence

from domain.channels import ChannelKind
from domain.delivery_step import PushReceipt, Step
from domain.ids import derived_id
from domain.instants import SECOND, Micros
from domain.notification_live import NOTIFICATION
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.protocol.pushes import PublicationBody
from push_service.gateway.reading.partition_log import PartitionLog
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex

LIVE = "live"
RECOVERED = "recovered"
RESUMED = "resumed"
"""Outcomes: how it got to the socket, or that the connection had it already when it came back."""
RESUMED_WITHIN = 60 * SECOND
"""As far back as a gateway reads that has just started."""
_OWN = f"{ChannelKind.USER}:"
_ENTITY = f"{NOTIFICATION}/"


class SentReceipts:
    """Others who follow a user's channel are no recipients, and get no receipt."""

    def __init__(
        self,
        sessions: SessionIndex,
        tell: Callable[[PushReceipt], None],
        node: str,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1_000,
    ) -> None:
        """`node`: this gateway's name."""
        self._sessions = sessions
        self._tell = tell
        self._node = node
        self._clock = clock

    def shown(self, channel: str, publication: Publication, subscribers: Container[object]) -> None:
        """A notification was just handed to the subscribers, which are transports."""
        tenant, slash, user = channel.removeprefix(_OWN).partition("/")
        if not slash or not channel.startswith(_OWN):
            return
        for session in self._sessions.of_user(tenant, user):
            if session.transport in subscribers:
                self._sent(session, publication, LIVE)

    def recovered(self, session: Session, channel: str, publications: Sequence[Publication | PublicationBody]) -> None:
        """A reply to the session brings what it missed on a channel."""
        viewer = session.viewer
        if not publications or viewer is None or channel != f"{_OWN}{viewer.tenant}/{viewer.user}":
            return
        for each in publications:
            if isinstance(each, Publication) and each.update.kind == NOTIFICATION:
                self._sent(session, each, RECOVERED)

    def resumed(self, session: Session, channel: str, log: PartitionLog, offset: int) -> None:
        """A connection came back and has what is below a Kafka offset. What is new of that is told once more: the
        gateway that showed it may have died before it could tell.
        """
        viewer = session.viewer
        if viewer is None or channel != f"{_OWN}{viewer.tenant}/{viewer.user}":
            return
        for each in log.had(channel, offset, self._clock() - RESUMED_WITHIN):
            if each.update.kind == NOTIFICATION:
                self._sent(session, each, RESUMED)

    def _sent(self, session: Session, publication: Publication, outcome: str) -> None:
        viewer = session.viewer
        assert viewer is not None
        notification = publication.update.entity.removeprefix(_ENTITY)
        facts = f"{viewer.tenant}/{viewer.user}/{notification}/{session.client}"
        self._tell(
            PushReceipt(
                id=derived_id(facts, "receipt.sent"),
                notification=notification,
                tenant=viewer.tenant,
                user=viewer.user,
                step=Step.SENT,
                at=self._clock(),
                outcome=outcome,
                gateway=self._node,
                client=session.client,
            )
        )
