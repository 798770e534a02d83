"""Digests: all notifications of a type that were held back for a user become one push.

Kept by `storage/postgres/digests.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.instants import Micros
from domain.notification import NoticeContent
from storage.push_decisions import NoticeKey


class DigestKey(NamedTuple):
    """One digest."""

    tenant: str
    user: str
    type: str
    at: Micros
    """Which one of the type: the instant at which it was due. The rows that it took carry it, so that it is found again
    after a crash."""


class Digest(msgspec.Struct, frozen=True):
    """What a digest took."""

    key: DigestKey
    newest: str
    """The notification that is pushed for all of them."""
    content: NoticeContent
    """Of the newest."""
    open: bool
    """The newest is queued: False, it was acknowledged, sent or otherwise done with since."""
    others: Sequence[str]
    """The rest of them: nothing is pushed for these any more."""


class Taken(NamedTuple):
    """What several digests took."""

    digests: list[Digest]
    expired: list[NoticeKey]
    """Held too long: their time was over before the digest's came."""


class DigestStore(Protocol):
    """For the dispatcher's thread."""

    def take(self, keys: Sequence[DigestKey], now: Micros) -> Taken:
        """One transaction: of what is HELD of each type and is not for one installation alone, the newest becomes
        QUEUED, the others CANCELLED, and those whose time is over EXPIRED. A digest with nothing in it is not in the
        answer; asked again, the answer is the same but for `open`, unless more is held by then: that is taken too, and
        the newest of all takes the place of one that no sender has taken. Of several digests of one type the earliest
        takes all. Raises OutageError.
        """
        ...
