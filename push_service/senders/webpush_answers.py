"""What the answers of push services mean. Sources: RFC 8030, sections 5 and 7; RFC 8292, section 4.2; the tables of
errors of Mozilla's autopush and of Apple's "Sending web push notifications".

There are many push services, and anybody may be one. So no answer stops the channel, and none that looks like a page
for people is taken for word about a subscription.
"""

import re
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

NO_RETRY_AFTER = 60.0
"""Seconds to wait when a push service has enough of us and names no time."""
_TAKEN = frozenset({200, 201, 202})
_NO_USE = {410: Unregistered("gone"), 404: Unregistered("not-found", doubtful=True)}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{1,39}")
_ABOUT_US = re.compile(r"vapid|jwt|unauthorized|authorization", re.IGNORECASE)
_LONGEST_ID = 200  # characters


def webpush_outcome(
    status: int, retry_after: float | None, location: str | None, content_type: str, body: bytes
) -> Outcome:
    """The outcome of an answer; `retry_after` in seconds, if the header is there."""
    if status == 408 or status >= 500:
        return Temporary(f"http-{status}", retry_after)
    if _is_page(content_type, body):
        return Misconfigured("not-a-push-service", f"{status}, and a page for people", stops=False)
    if status in _TAKEN:
        return Accepted(None if location is None else location[-_LONGEST_ID:])
    if status in _NO_USE:
        return _NO_USE[status]
    return _refused(status, retry_after, _said(status, body), body)


def _refused(status: int, retry_after: float | None, said: str, body: bytes) -> Outcome:
    outcome: Outcome = OurFault(said, f"the push service answers {status}")
    match status:
        case 401 | 403:
            outcome = Misconfigured(said, f"the push service answers {status} to our VAPID token", stops=False)
        case 400 if _ABOUT_US.search(body.decode(errors="replace")):
            outcome = Misconfigured(said, "the push service refuses our VAPID token", stops=False)
        case 413:
            outcome = TooLarge(said)
        case 429:
            seconds = NO_RETRY_AFTER if retry_after is None else retry_after
            outcome = Throttled(said, seconds, Scope.DEVICE)
        case _ if 300 <= status < 400:
            outcome = Misconfigured("redirected", f"{status}: redirects are not followed", stops=False)
    return outcome


def _is_page(content_type: str, body: bytes) -> bool:
    return content_type == "text/html" or body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))


def _said(status: int, body: bytes) -> str:
    """The push service's own word, where it has a short one: Apple's `reason`, Mozilla's `error`."""
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return f"http-{status}"
    word = told.get("reason", told.get("error"))
    return word if isinstance(word, str) and _WORD.fullmatch(word) else f"http-{status}"
