"""`ping`: are you there?"""

from push_service.gateway.protocol.commands import PingRequest
from push_service.gateway.protocol.replies import PingResult
from push_service.gateway.sessions.session import Session


def answer_ping(_session: Session, _request: PingRequest) -> PingResult:
    """Yes."""
    return PingResult()
