"""When a push is tried again: exponential backoff with jitter, in topics of fixed delays, until its time ends."""

import random
from collections.abc import Callable

from backbone.headers import due_at_header
from backbone.record import OutRecord
from backbone.topics import RETRY_DELAYS, retry_topic
from domain.instants import SECOND, Micros
from push_service.senders.work import ATTEMPT, PLAN, REASON, Retry, Work

JITTER = 0.2
"""The most that is added to a delay, as a share of it: so that what failed together does not come again together."""
_DELAYS = sorted(RETRY_DELAYS.items(), key=lambda each: each[1])


def next_try(
    work: Work, now: Micros, reason: str, retry_after: float | None, jitter: Callable[[], float] = random.random
) -> Retry | None:
    """When to try again, and where it waits until then; None: its time ends before.

    The first retry comes after 10 s (FCM asks for no less), the next after 1 min, 10 min and an hour; what the provider
    asks for (`retry_after`, seconds) is the least. Where that would be too late, a shorter delay is taken.
    """
    least = max(retry_after or 0.0, 0.0)
    wanted = _DELAYS[min(work.attempt, len(_DELAYS) - 1)][1]
    fitting = [each for each in _DELAYS if each[1] >= least] or _DELAYS[-1:]
    # The wanted delay or, if that is too short, the shortest that is not; then shorter ones.
    candidates = [each for each in fitting if each[1] <= max(wanted, fitting[0][1])]
    for name, seconds in reversed(candidates):
        due = now + round(max(seconds, least) * (1 + JITTER * jitter()) * SECOND)
        if due < work.push.content.expires_at:
            return Retry(name, due, reason)
    return None


def retry_record(work: Work, retry: Retry, source: str, group: str) -> OutRecord:
    """The source's bytes for the retry topic. `source` is the outbox's name, wherever the record was read."""
    record = work.record
    headers = [each for each in record.headers if each[0] not in PLAN]
    headers += [
        due_at_header(retry.due_at),
        (ATTEMPT, str(work.attempt + 1).encode()),
        (REASON, retry.reason.encode()),
    ]
    return OutRecord(topic=retry_topic(source, group, retry.delay), key=record.key, value=record.value, headers=headers)
