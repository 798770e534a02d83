"""`refresh`: a new token before the old one ends."""

from access.tokens import TokenVerifier
from push_service.gateway.commands.connect import seconds_left, viewer_of
from push_service.gateway.protocol.commands import RefreshRequest
from push_service.gateway.protocol.disconnects import INVALID_TOKEN, DisconnectError
from push_service.gateway.protocol.replies import RefreshResult
from push_service.gateway.session import Session
from push_service.gateway.version import VERSION


class RefreshCommand:
    """Takes a new token of the same user. What it allows counts for later subscribes."""

    def __init__(self, tokens: TokenVerifier) -> None:
        self._tokens = tokens

    def __call__(self, session: Session, request: RefreshRequest) -> RefreshResult:
        assert session.viewer is not None
        viewer = viewer_of(self._tokens, request.token)
        if (viewer.tenant, viewer.user) != (session.viewer.tenant, session.viewer.user):
            raise DisconnectError(INVALID_TOKEN)
        session.viewer = viewer
        return RefreshResult(client=session.client, version=VERSION, expires=True, ttl=seconds_left(viewer))
