"""What fits into a reply of the publications that a client missed. Pure."""

from collections.abc import Sequence

import msgspec

from domain.instants import SECOND, Micros
from push_service.gateway.channels.channel_rules import ChannelRule
from push_service.gateway.delivery.publication import Publication


class ReplyLimits(msgspec.Struct, frozen=True):
    """The size of a reply: SDKs limit what they take in one message."""

    max_bytes: int
    max_publications: int


def kept(publications: Sequence[Publication], rule: ChannelRule, now: Micros) -> int:
    """How many of a channel's publications, the last ones, count as kept by its rule."""
    count = len(publications)
    if rule.history_size is not None:
        count = min(count, rule.history_size)
    if rule.history_seconds is not None:
        oldest = now - rule.history_seconds * SECOND
        count = min(count, sum(each.update.received_at >= oldest for each in publications))
    return count


def fitted(
    publications: Sequence[Publication], limits: ReplyLimits, max_bytes: int, conflated_kinds: frozenset[str]
) -> tuple[Publication, ...] | None:
    """All of them if they fit; else the newest of each entity where the kind may be conflated, and all others.

    None if not even these fit into `max_bytes` and the limit's count. Order of offsets is kept.
    """
    if _fit(publications, limits, max_bytes):
        return tuple(publications)
    conflated = _conflated(publications, conflated_kinds)
    return tuple(conflated) if _fit(conflated, limits, max_bytes) else None


def bytes_of(publications: Sequence[Publication]) -> int:
    """What they take in a reply."""
    return sum(len(each.json) + 1 for each in publications)


def _fit(publications: Sequence[Publication], limits: ReplyLimits, max_bytes: int) -> bool:
    return len(publications) <= limits.max_publications and bytes_of(publications) <= max_bytes


def _conflated(publications: Sequence[Publication], kinds: frozenset[str]) -> list[Publication]:
    newest = {each.entity: each.offset for each in publications if each.update.kind in kinds}
    return [each for each in publications if newest.get(each.entity, each.offset) == each.offset]
