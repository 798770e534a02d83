"""What APNs' answers mean. Source: Apple, "Handling notification responses from APNs"."""

import msgspec

from push_service.senders.sender import (
    Accepted,
    Misconfigured,
    OurFault,
    Outcome,
    Scope,
    Temporary,
    Throttled,
    TooLarge,
    Unregistered,
)

BAD_DEVICE_TOKEN = "BadDeviceToken"  # noqa: S105
EXPIRED_PROVIDER_TOKEN = "ExpiredProviderToken"  # noqa: S105
TOO_MANY_TOKENS = "TooManyProviderTokenUpdates"
NO_RETRY_AFTER = 60.0
"""Seconds to leave a device alone that gets too many, when Apple names no time."""
_GONE = frozenset({"Unregistered", "ExpiredToken"})
_PASSING = frozenset({500, 502, 503, 504})


class _Answer(msgspec.Struct, frozen=True):
    reason: str = ""
    timestamp: int | None = None
    """Milliseconds since the epoch."""


def apns_outcome(status: int, retry_after: float | None, apns_id: str | None, body: bytes) -> Outcome:
    """The outcome of an answer; `retry_after` in seconds, if the header is there."""
    if status == 200:
        return Accepted(apns_id)
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError:
        answer = _Answer()
    reason = answer.reason or f"http-{status}"
    if status in _PASSING:
        return Temporary(reason, retry_after)
    if status == 413:
        return TooLarge(reason)
    if not answer.reason:
        return Misconfigured("not-apns", f"{status}, and not an answer of APNs'")
    return _of_reason(status, retry_after, reason, answer.timestamp)


def _of_reason(status: int, retry_after: float | None, reason: str, timestamp: int | None) -> Outcome:
    detail = f"{status} {reason}"
    outcome: Outcome = Misconfigured(reason, detail)
    match status, reason:
        case 410, _ if reason in _GONE:
            outcome = Unregistered(reason, None if timestamp is None else timestamp * 1000)
        case 400, "BadDeviceToken":
            # So says the wrong one of Apple's two services of every push token.
            outcome = Unregistered(reason, doubtful=True)
        case 400, "IdleTimeout":
            outcome = Temporary(reason, retry_after)
        case ((400 | 404 | 405), _):
            outcome = OurFault(reason, detail)
        case 403, "BadEnvironmentKeyInToken":
            outcome = OurFault(reason, detail)
        case 429, "TooManyProviderTokenUpdates":
            outcome = Temporary(reason, retry_after)
        case 429, _:
            seconds = NO_RETRY_AFTER if retry_after is None else retry_after
            outcome = Throttled(reason, seconds, Scope.DEVICE)
    return outcome
