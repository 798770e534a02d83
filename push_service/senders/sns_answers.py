"""What SNS's errors mean. Source: Amazon SNS API Reference, "Publish", "PublishBatch" and "Common Errors".

Nothing here takes an answer that is not SNS's own for word about an endpoint.
"""

from push_service.senders.retry_after import retry_after_seconds
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
from push_service.senders.sns_wire import SnsAnswer

NO_RETRY_AFTER = 5.0
"""Seconds to wait when SNS has enough of us; it names no time."""
_LONGEST_DETAIL = 300  # characters
_GONE = "no endpoint found for the target arn"
_TOO_LONG = ("message too long", "message length", "batchrequesttoolong")
_THROTTLED = frozenset(
    {"Throttled", "ThrottledException", "Throttling", "ThrottlingException", "RequestLimitExceeded", "KMSThrottling"}
)
_OF_CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_PASSING = frozenset({"InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable"})


def sns_outcome(answer: SnsAnswer) -> Outcome:
    """The outcome of a call that publishes one message."""
    if answer.ok:
        message = answer.text("MessageId")
        return Misconfigured("not-sns", "200 without a message id") if message is None else Accepted(message)
    return sns_error(answer)


def sns_error(answer: SnsAnswer) -> Outcome:
    """The outcome of a call that SNS did not do."""
    retry_after = retry_after_seconds(answer.retry_after)
    code = answer.text("Code")
    if code is None:
        if answer.status >= 500:
            return Temporary(f"http-{answer.status}", retry_after)
        return Misconfigured("not-sns", f"{answer.status}, and not an answer of SNS's")
    if answer.status >= 500 and code not in _THROTTLED:
        return Temporary(code, retry_after)
    return error_outcome(code, answer.text("Message") or "", answer.status, retry_after)


def error_outcome(code: str, message: str, status: int = 400, retry_after: float | None = None) -> Outcome:
    """The outcome of an error by its code, also of one message of a batch."""
    detail = f"{status} {code}: {message}"[:_LONGEST_DETAIL]
    if status == 429 or code in _THROTTLED:
        return Throttled(code, NO_RETRY_AFTER if retry_after is None else retry_after, Scope.PROJECT)
    if code in _PASSING:
        return Temporary(code, retry_after)
    if code in _OF_CREDENTIALS or code.startswith("KMS"):
        return Misconfigured(code, detail)
    return _of_endpoint(code, message, detail)


def _of_endpoint(code: str, message: str, detail: str) -> Outcome:
    said = f"{code} {message}".lower()
    outcome: Outcome = OurFault(code, detail)
    if code == "PlatformApplicationDisabled":
        outcome = Misconfigured(code, detail, stops=False)
    elif code == "EndpointDisabled":
        # SNS disables all endpoints of an application whose credentials are of another environment.
        outcome = Unregistered(code, doubtful=True)
    elif code == "NotFound" or _GONE in said:
        # So says an account or a region that is not the endpoint's.
        outcome = Unregistered("NotFound", doubtful=True)
    elif any(each in said for each in _TOO_LONG):
        outcome = TooLarge(detail)
    return outcome
