"""What FCM's answers mean. Source: Firebase, "Error codes" of the HTTP v1 API, and google.rpc's error model.

Nothing here takes an answer that is not FCM's own, such as a proxy's page, for word about a push token.
"""

from typing import Any

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

UNAUTHENTICATED = "unauthenticated"
NO_RETRY_AFTER = 60.0
"""Seconds to wait when a quota is exceeded and FCM names no time."""
_PASSING = frozenset({408, 500, 502, 503, 504})
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
_LONGEST_DETAIL = 300  # characters


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = []

    @property
    def code(self) -> str | None:
        """FCM's own error code; None when the error is not FCM's."""
        for each in self.details:
            if each.get("@type") == _FCM_ERROR:
                return str(each.get("errorCode", ""))
        return None

    def detail(self, kind: str, field: str) -> list[dict[str, Any]]:
        found = [each.get(field) for each in self.details if each.get("@type") == kind]
        return [each for entry in found if isinstance(entry, list) for each in entry if isinstance(each, dict)]


class _Answer(msgspec.Struct, frozen=True):
    name: str | None = None
    error: _Error | None = None


def fcm_outcome(status: int, retry_after: float | None, body: bytes) -> Outcome:
    """The outcome of an answer; `retry_after` in seconds, if the header is there."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError:
        answer = _Answer()
    if status == 200 and answer.name:
        return Accepted(answer.name)
    if status in _PASSING:
        return Temporary(_word(status, answer.error), retry_after)
    if answer.error is None:
        # A page of a proxy or of a captive portal, or another server than FCM.
        return Misconfigured("not-fcm", f"{status}, and not an answer of FCM's")
    return _of_error(status, retry_after, answer.error)


def _of_error(status: int, retry_after: float | None, error: _Error) -> Outcome:
    detail = _detail(status, error)
    outcome: Outcome = Misconfigured(_word(status, error), detail)
    match status, error.code:
        case 404, "UNREGISTERED":
            outcome = Unregistered("UNREGISTERED")
        case 403, "SENDER_ID_MISMATCH":
            # So says a wrong project of every push token.
            outcome = Unregistered("SENDER_ID_MISMATCH", doubtful=True)
        case 400, _:
            outcome = _bad_request(error, detail)
        case 401, "THIRD_PARTY_AUTH_ERROR":
            outcome = Misconfigured("THIRD_PARTY_AUTH_ERROR", detail, stops=False)
        case 401, _:
            outcome = Misconfigured(UNAUTHENTICATED, detail)
        case 413, _:
            outcome = TooLarge(detail)
        case 429, _:
            seconds = NO_RETRY_AFTER if retry_after is None else retry_after
            outcome = Throttled(_word(status, error), seconds, _scope(error))
    return outcome


def _bad_request(error: _Error, detail: str) -> Outcome:
    if error.detail(_BAD_REQUEST, "fieldViolations"):
        return OurFault("INVALID_ARGUMENT", detail)
    if error.code == "INVALID_ARGUMENT" and "registration token" in error.message.lower():
        return Unregistered("INVALID_ARGUMENT", doubtful=True)
    return OurFault(_word(400, error), detail)


def _scope(error: _Error) -> Scope:
    """A quota failure of one phone says so."""
    for violation in error.detail(_QUOTA, "violations"):
        if "device" in f"{violation.get('subject', '')} {violation.get('description', '')}".lower():
            return Scope.DEVICE
    return Scope.PROJECT


def _word(status: int, error: _Error | None) -> str:
    return (error and (error.code or error.status)) or f"http-{status}"


def _detail(status: int, error: _Error) -> str:
    fields = [str(each.get("field", "")) for each in error.detail(_BAD_REQUEST, "fieldViolations")]
    text = f"{status} {error.status}: {error.message}" + (f" ({', '.join(fields)})" if fields else "")
    return text[:_LONGEST_DETAIL]
