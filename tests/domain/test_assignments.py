"""Who carries what, when."""

import time

from domain.assignments import MAX_CARRIED, AssignmentIndex
from domain.position import CarriedOrder
from domain.reference import Assignment


def carried(index: AssignmentIndex, asset: str, at: int) -> list[str]:
    return [f"{each.fleet}/{each.order}" for each in index.carried("acme", asset, at).orders]


def test_an_order_is_carried_from_the_first_instant_until_before_the_last() -> None:
    index = AssignmentIndex()
    index.put("acme", "1", Assignment("van-1", "A", 100, 200))
    assert [carried(index, "van-1", at) for at in (99, 100, 199, 200)] == [[], ["acme/A"], ["acme/A"], []]


def test_an_order_handed_from_one_van_to_another_is_never_with_both_nor_with_none() -> None:
    index = AssignmentIndex()
    index.put("acme", "1", Assignment("van-1", "A", 100, 200))
    index.put("acme", "2", Assignment("van-2", "A", 200))
    for at in (100, 199, 200, 300):
        assert len(carried(index, "van-1", at) + carried(index, "van-2", at)) == 1


def test_answers_hold_for_any_order_of_instants() -> None:
    index = AssignmentIndex()
    for n in range(10):
        index.put("acme", str(n), Assignment("van-1", f"A{n}", n * 10, n * 10 + 15))
    for at in [*range(0, 120, 3), *range(119, -1, -7)]:
        expected = [f"acme/A{n}" for n in range(10) if n * 10 <= at < n * 10 + 15]
        assert carried(index, "van-1", at) == expected


def test_a_newer_word_on_an_assignment_replaces_the_older_one_also_for_another_asset() -> None:
    index = AssignmentIndex()
    index.put("acme", "1", Assignment("van-1", "A", 0))
    assert carried(index, "van-1", 5) == ["acme/A"]
    index.put("acme", "1", Assignment("van-2", "A", 0))
    assert (carried(index, "van-1", 5), carried(index, "van-2", 5)) == ([], ["acme/A"])


def test_a_deleted_assignment_carries_nothing_and_leaves_nothing() -> None:
    index = AssignmentIndex()
    index.put("acme", "1", Assignment("van-1", "A", 0))
    assert carried(index, "van-1", 5) == ["acme/A"]
    index.remove("acme", "1")
    index.remove("acme", "never-there")
    assert carried(index, "van-1", 5) == []
    assert len(index) == 0


def test_an_order_may_be_of_another_fleet_of_the_tenant_but_of_no_other_tenant() -> None:
    index = AssignmentIndex()
    index.put("acme", "1", Assignment("van-1", "A", 0, order_fleet="acme.eu"))
    index.put("acme", "2", Assignment("van-1", "B", 0, order_fleet="rival"))
    index.put("acme", "3", Assignment("van-1", "C", 0, order_fleet="acmeother.eu"))
    assert carried(index, "van-1", 5) == ["acme.eu/A"]


def test_an_order_assigned_twice_is_carried_once() -> None:
    index = AssignmentIndex()
    index.put("acme", "1", Assignment("van-1", "A", 0))
    index.put("acme", "2", Assignment("van-1", "A", 3))
    assert carried(index, "van-1", 5) == ["acme/A"]


def test_the_same_asset_name_in_another_fleet_carries_nothing_of_it() -> None:
    index = AssignmentIndex()
    index.put("rival", "1", Assignment("van-1", "A", 0))
    assert carried(index, "van-1", 5) == []


def test_more_orders_than_a_record_can_name_are_counted() -> None:
    index = AssignmentIndex()
    for n in range(MAX_CARRIED + 7):
        index.put("acme", str(n), Assignment("van-1", f"A{n}", 0))
    answer = index.carried("acme", "van-1", 5)
    assert (len(answer.orders), answer.left_out) == (MAX_CARRIED, 7)


def test_with_100_000_assignments_a_van_with_150_orders_costs_one_look_up() -> None:
    index = AssignmentIndex()
    for n in range(100_000):
        index.put("acme", str(n), Assignment(f"van-{n % 600}", f"A{n}", 0))
    first = index.carried("acme", "van-7", 5)
    assert len(first.orders) > 150
    assert CarriedOrder("acme", "A7") in first.orders
    began = time.perf_counter()
    for at in range(10_000):
        assert index.carried("acme", "van-7", at) is first
    assert time.perf_counter() - began < 1.0
