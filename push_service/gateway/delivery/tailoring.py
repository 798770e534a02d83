"""What one subscriber gets of a channel that is not what all get: by its filter of tags, as deltas, or both."""

from collections.abc import Sequence

import msgspec

from push_service.gateway.channels.tag_filter import Matches
from push_service.gateway.delivery.fossil import fossil_delta
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.delivery.push import Announcement, Push, Pushed
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.pushes import PublicationBody, ServerPush

FOSSIL = "fossil"
"""The kind of delta that there is."""
MAX_DELTA_BYTES = 64 * 1024
"""Longer payloads come whole: a delta is made on the event loop."""

Cuts = dict[tuple[int, bool], Announcement]
"""Made for one push, by the offset of the base and whether it is text: many subscribers have the same base."""


class Tailoring:
    """One subscription's. Pushes with deltas are never dropped for a newer one, for the next delta builds on them."""

    __slots__ = ("_base", "_matches", "_text", "delta")

    def __init__(self, matches: Matches | None, *, delta: bool, text: bool) -> None:
        """`text`: the client's encoding is JSON, where a payload with deltas is a string."""
        self._matches = matches
        self.delta = delta
        """Whether pushes come as deltas where that is shorter."""
        self._text = text
        self._base: Publication | None = None

    def cut(self, push: Push, cuts: Cuts) -> Pushed | None:
        """The push as the subscriber gets it; None: not at all."""
        publication = push.publication
        if self._matches is not None and not self._matches(publication.update.tags):
            return None
        if not self.delta:
            return push
        base, self._base = self._base, publication
        key = (-1 if base is None else base.offset, self._text)
        made = cuts.get(key)
        if made is None:
            made = cuts[key] = Announcement(ServerPush(push.channel, pub=_body(publication, base, text=self._text)))
        return made

    def fit(self, publications: Sequence[Publication | PublicationBody]) -> tuple[Publication | PublicationBody, ...]:
        """What was missed, as the subscriber gets it: whole. The next push is whole, too."""
        live = [each for each in publications if isinstance(each, Publication)]
        if self._matches is not None:
            live = [each for each in live if self._matches(each.update.tags)]
        if self.delta and self._text:
            return tuple(_body(each, None, text=True) for each in live)
        return tuple(live)


def _body(publication: Publication, base: Publication | None, *, text: bool) -> PublicationBody:
    update = publication.update
    delta = None if base is None else _delta(base.update.payload, update.payload)
    data = update.payload if delta is None else delta
    return PublicationBody(
        data=msgspec.Raw(msgspec.json.encode(data.decode()) if text else data),
        info=None if update.info is None else msgspec.json.decode(update.info, type=ClientInfo),
        offset=publication.offset,
        tags=update.tags,
        delta=delta is not None,
    )


def _delta(old: bytes, new: bytes) -> bytes | None:
    """None when the new text whole is better: it is shorter, or a part of the delta would be no text by itself."""
    if len(new) > MAX_DELTA_BYTES or len(old) > MAX_DELTA_BYTES:
        return None
    delta = fossil_delta(old, new)
    if len(delta) >= len(new):
        return None
    try:
        delta.decode()
    except UnicodeDecodeError:
        return None
    return delta
