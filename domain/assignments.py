"""Which orders an asset carries at an instant."""

import msgspec

from domain.ids import tenant_of
from domain.instants import Micros
from domain.position import CarriedOrder
from domain.reference import Assignment

MAX_CARRIED = 1_000
"""Most orders of one asset at one instant, so that a record stays far below what Kafka takes; more are left out."""

_LONG_AGO: Micros = -(2**63)
_NEVER: Micros = 2**63


class Carried(msgspec.Struct, frozen=True):
    """The orders of an asset from `since` until before `until`."""

    since: Micros
    until: Micros
    orders: list[CarriedOrder]
    left_out: int = 0
    """How many orders over MAX_CARRIED are not among them."""


class AssignmentIndex:
    """All assignments, by asset. Not thread-safe.

    An answer is kept for the time until the next assignment of that asset begins or ends: with 150 orders in a van the
    next ping costs one look-up.
    """

    def __init__(self) -> None:
        self._by_asset: dict[tuple[str, str], dict[str, Assignment]] = {}
        self._asset_of: dict[tuple[str, str], str] = {}
        self._answers: dict[tuple[str, str], Carried] = {}

    def __len__(self) -> int:
        return len(self._asset_of)

    def put(self, fleet: str, assignment_id: str, assignment: Assignment) -> None:
        """Adds an assignment, or replaces the one of the same fleet and id."""
        self.remove(fleet, assignment_id)
        asset = (fleet, assignment.asset)
        self._by_asset.setdefault(asset, {})[assignment_id] = assignment
        self._asset_of[fleet, assignment_id] = assignment.asset
        self._answers.pop(asset, None)

    def remove(self, fleet: str, assignment_id: str) -> None:
        """Forgets an assignment; one that is not known is no error."""
        member = self._asset_of.pop((fleet, assignment_id), None)
        if member is None:
            return
        asset = (fleet, member)
        assignments = self._by_asset[asset]
        del assignments[assignment_id]
        if not assignments:
            del self._by_asset[asset]
        self._answers.pop(asset, None)

    def carried(self, fleet: str, asset: str, time: Micros) -> Carried:
        """What the asset carries at `time`, each order once, sorted; an order of another tenant's fleet never."""
        place = (fleet, asset)
        answer = self._answers.get(place)
        if answer is not None and answer.since <= time < answer.until:
            return answer
        assignments = self._by_asset.get(place)
        if assignments is None:
            return _NOTHING
        answer = self._answers[place] = _carried_at(fleet, list(assignments.values()), time)
        return answer


_NOTHING = Carried(_LONG_AGO, _NEVER, [])


def _carried_at(fleet: str, assignments: list[Assignment], time: Micros) -> Carried:
    bounds = [bound for each in assignments for bound in (each.valid_from, each.valid_to) if bound is not None]
    tenant = tenant_of(fleet)
    orders = {
        (each.order_fleet or fleet, each.order)
        for each in assignments
        if each.valid_from <= time and (each.valid_to is None or time < each.valid_to)
    }
    own = sorted(order for order in orders if tenant_of(order[0]) == tenant)
    return Carried(
        since=max((bound for bound in bounds if bound <= time), default=_LONG_AGO),
        until=min((bound for bound in bounds if bound > time), default=_NEVER),
        orders=[CarriedOrder(*order) for order in own[:MAX_CARRIED]],
        left_out=max(0, len(own) - MAX_CARRIED),
    )
