"""When orders were promised, and which of those that an asset carries become late between two of its fixes."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from domain.instants import Micros
from domain.position import CarriedOrder

REMEMBERED = 200_000
"""Assets whose promises are kept sorted; more begin anew."""


class Promise(NamedTuple):
    """The time by which an order was to be delivered."""

    at: Micros
    order: CarriedOrder


class _Sorted(NamedTuple):
    orders: Sequence[CarriedOrder]
    version: int
    promises: list[Promise]


class PromiseIndex:
    """One thread changes it, another one asks."""

    def __init__(self) -> None:
        self._promised: dict[tuple[str, str], Micros] = {}
        self._version = 0
        self._sorted: dict[tuple[str, str], _Sorted] = {}

    def put(self, fleet: str, order: str, promised_at: Micros | None) -> None:
        """The time promised for an order; None: nothing is promised."""
        place = (fleet, order)
        if self._promised.get(place) == promised_at:
            return
        if promised_at is None:
            del self._promised[place]
        else:
            self._promised[place] = promised_at
        self._version += 1

    def passed(
        self, asset: tuple[str, str], orders: Sequence[CarriedOrder], after: Micros, until: Micros
    ) -> list[Promise]:
        """The promises for these orders, which the asset carries, of after `after` and until `until`, in their order.

        The same list of orders, as the asset's last one, costs one look-up.
        """
        if not self._promised or not orders:
            return []
        known = self._sorted.get(asset)
        if known is None or known.orders is not orders or known.version != self._version:
            known = self._sort(asset, orders)
        promises = known.promises
        if not promises or promises[-1].at <= after or promises[0].at > until:
            return []
        start = bisect_right(promises, after, key=lambda promise: promise.at)
        end = bisect_right(promises, until, key=lambda promise: promise.at)
        return promises[start:end]

    def _sort(self, asset: tuple[str, str], orders: Sequence[CarriedOrder]) -> _Sorted:
        if len(self._sorted) >= REMEMBERED:
            self._sorted.clear()
        version = self._version
        promises = [
            Promise(at, order) for order in orders if (at := self._promised.get((order.fleet, order.order))) is not None
        ]
        promises.sort(key=lambda promise: promise.at)
        answer = self._sorted[asset] = _Sorted(orders, version, promises)
        return answer
