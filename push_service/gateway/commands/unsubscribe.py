"""`unsubscribe`: follow a channel no longer."""

from push_service.gateway.protocol.commands import UnsubscribeRequest
from push_service.gateway.protocol.disconnects import BAD_REQUEST, DisconnectError
from push_service.gateway.protocol.replies import UnsubscribeResult
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.subscriptions import Subscriptions


class UnsubscribeCommand:
    """Ends a subscription, or one that is still being worked on. One that does not exist is no error."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    def __call__(self, session: Session, request: UnsubscribeRequest) -> UnsubscribeResult:
        if not request.channel:
            raise DisconnectError(BAD_REQUEST)
        session.subscribing.pop(request.channel, None)
        self._subscriptions.leave(session, request.channel)
        return UnsubscribeResult()
