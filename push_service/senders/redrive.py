"""Puts dead letters back into their outbox, when what had refused them is repaired.

A letter stays where it is: it may be put back again, and is not sent again once it was sent. Those whose time has ended
become expired, those that were acknowledged meanwhile are cancelled, as always.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from backbone.dead_letters import REASON, TIME
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord, header
from backbone.topic_scan import Scanning
from backbone.topics import dead_letter_topic, push_outbox
from domain.instants import InstantError, Micros, parse_rfc3339
from push_service.senders.settlement import group_of
from push_service.senders.work import PLAN, REDRIVEN

_LETTER = "dlq-"


class Filter(NamedTuple):
    """Which letters; what is None or empty does not matter."""

    reasons: frozenset[str] = frozenset()
    tenant: str | None = None
    since: Micros | None = None
    until: Micros | None = None

    def takes(self, letter: InRecord) -> bool:
        """Whether it is one of them. One without a time that can be read is, unless times matter."""
        if self.reasons and _text(letter, REASON) not in self.reasons:
            return False
        if self.tenant is not None and (letter.key or b"").partition(b"/")[0].decode() != self.tenant:
            return False
        if self.since is None and self.until is None:
            return True
        buried = _instant(_text(letter, TIME))
        return buried is not None and (self.since or 0) <= buried < (self.until or buried + 1)


def redrive(
    provider: str, scan: Scanning, publisher: BatchPublishing | None, wanted: Filter, limit: int | None = None
) -> Iterator[Counter[str]]:
    """Puts back the letters that there are when it begins, in batches; after each gives how many it were so far, by
    reason. `publisher` None: only counts. Raises OutageError.
    """
    outbox = push_outbox(provider).name
    counts: Counter[str] = Counter()
    for batch in scan.read(scan.whole(dead_letter_topic(outbox, group_of(provider)))):
        letters = [letter for letter in batch if wanted.takes(letter)]
        if limit is not None:
            letters = letters[: limit - counts.total()]
        if letters and publisher is not None:
            publisher.publish([_restored(letter, outbox) for letter in letters])
        counts.update(_text(letter, REASON) for letter in letters)
        yield counts
        if counts.total() == limit:
            return


def _restored(letter: InRecord, outbox: str) -> OutRecord:
    dropped = PLAN | {REDRIVEN}
    headers = [each for each in letter.headers if not each[0].startswith(_LETTER) and each[0] not in dropped]
    return OutRecord(outbox, letter.key, letter.value, [*headers, (REDRIVEN, b"1")])


def _text(letter: InRecord, name: str) -> str:
    return (header(letter.headers, name) or b"").decode(errors="replace")


def _instant(text: str) -> Micros | None:
    try:
        return parse_rfc3339(text)
    except InstantError:
        return None
