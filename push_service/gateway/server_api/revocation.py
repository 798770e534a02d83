"""How long a revocation lasts."""

from backbone.topics import REVOKED_DAYS
from domain.instants import DAY, Micros
from push_service.gateway.server_api.errors import BAD_REQUEST, ApiError
from push_service.gateway.server_api.ordering import instant_of


def revoked_until(expire_at: int, now: Micros) -> Micros:
    """As long as the request says, else as long as the topic keeps it. Raises ApiError.

    A revocation is needed until the last token that it is about has ended.
    """
    latest = now + REVOKED_DAYS * DAY
    until = instant_of(expire_at, "expire_at")
    if until is None:
        return latest
    if not now < until <= latest:
        raise ApiError(BAD_REQUEST, f"expire_at is a Unix time in the next {REVOKED_DAYS} days")
    return until
