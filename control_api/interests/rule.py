"""Who may follow what."""

from access.capabilities import Permission
from access.viewer import Viewer
from domain.ids import tenant_of
from domain.interests import ENTITY_KINDS, interest_entity


def is_well_named(interest: str) -> bool:
    """Whether an interest that begins like an order's or an asset's is one."""
    return interest.partition("/")[0] not in ENTITY_KINDS or interest_entity(interest) is not None


def may_follow(viewer: Viewer, interest: str) -> bool:
    """An order or asset: whoever may subscribe to its channel. Any other name: everybody of the tenant.

    Interests are a tenant's own, so another tenant's order is a name that nobody ever tells anything by; it is refused
    all the same, as what must be a mistake.
    """
    entity = interest_entity(interest)
    if entity is None:
        return True
    fleet, named = entity
    kind, _, member = named.partition("/")
    by_rule = fleet in viewer.fleets
    return viewer.allows(Permission.SUB, f"{kind}:{fleet}/{member}", tenant=tenant_of(fleet), by_rule=by_rule)
