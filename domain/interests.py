"""Interests: the names that people follow, such as `order/acme/A-1001`, `asset/acme/truck-7` or any other."""

import re

from domain.ids import is_id, tenant_of

INTEREST_RULE = "1 to 250 of A-Z a-z 0-9 . _ ~ / -"
ENTITY_KINDS = ("order", "asset")
_INTEREST = re.compile(r"[A-Za-z0-9._~/-]{1,250}", re.ASCII)


def is_interest(text: str) -> bool:
    """Whether `text` can be the name of an interest."""
    return _INTEREST.fullmatch(text) is not None


def entity_interest(fleet: str, entity: str) -> tuple[str, str]:
    """(tenant, interest) of an entity: `order/A-1001` of fleet `acme.eu` -> `acme`, `order/acme.eu/A-1001`."""
    kind, _, member = entity.partition("/")
    return tenant_of(fleet), f"{kind}/{fleet}/{member}"


def interest_entity(interest: str) -> tuple[str, str] | None:
    """(fleet, entity) of an interest in an entity: `order/acme.eu/A-1001` -> `acme.eu`, `order/A-1001`; else None."""
    kind, _, rest = interest.partition("/")
    fleet, _, member = rest.partition("/")
    if kind not in ENTITY_KINDS or not is_id(fleet) or not is_id(member):
        return None
    return fleet, f"{kind}/{member}"
