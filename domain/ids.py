"""Ids: what they may look like, and how an event that came without one gets one."""

import hashlib
import re
import uuid

ID_RULE = "1 to 128 of A-Z a-z 0-9 . _ ~ -"
_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)
# A namespace of our own (RFC 9562 section 6.6), so that our name-based ids collide with nobody else's.
_EVENTS = uuid.UUID("9c0d6a52-5b0e-5f0c-9a55-0f1d3c1f7f11")
_EVENTS_BYTES = _EVENTS.bytes


class IdError(ValueError):
    """The text is not an id. The message states the rule, without repeating the text."""


def check_id(text: str) -> str:
    """Returns `text` when it is a legal id of a tenant, fleet, asset, order, user or event; else raises IdError.

    `/`, `:`, `|` and `,` separate ids in keys, channels and headers, therefore none of them may be in one.
    """
    if _ID.fullmatch(text) is None:
        raise IdError(f"an id is {ID_RULE}")
    return text


def is_id(text: str) -> bool:
    """Whether `text` is a legal id."""
    return _ID.fullmatch(text) is not None


def are_ids(*texts: str | None) -> bool:
    """Whether each of them that is not None is a legal id."""
    return all(text is None or is_id(text) for text in texts)


def tenant_of(fleet: str) -> str:
    """The tenant of a fleet: `acme` of `acme` and of `acme.eu`."""
    return fleet.partition(".")[0]


def event_id(*named: str | float | None) -> str:
    """The same id for the same facts: UUIDv5 over the parts, for an event that came without an id of its own."""
    return _uuid5("|".join("" if part is None else repr(part) for part in named))


def derived_id(source_id: str, rule: str) -> str:
    """The id of what `rule` (such as `live.public`) made of the event `source_id`: the same at every replay."""
    return _uuid5(f"{rule}|{source_id}")


def _uuid5(name: str) -> str:
    """`str(uuid.uuid5(_EVENTS, name))` (RFC 9562 section 5.5), without the object: every record made takes one."""
    told = hashlib.sha1(_EVENTS_BYTES + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(told[16], 16) & 3]
    return f"{told[:8]}-{told[8:12]}-5{told[13:16]}-{variant}{told[17:20]}-{told[20:32]}"
