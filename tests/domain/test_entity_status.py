"""A status only rises in version."""

from hypothesis import given
from hypothesis import strategies as st

from domain.entity_status import EntityStatus, StatusFault, status_after, status_fault
from domain.status_change import StatusChange


def change(version: int, status: str = "packed", *, event: str | None = None) -> StatusChange:
    return StatusChange(event or f"s{version}", "acme", "order/A-1", status, 5, 6, version, None)


def test_the_first_and_every_higher_version_is_shown() -> None:
    assert status_fault(None, change(0)) is None
    assert status_fault(status_after(change(3)), change(4)) is None


def test_a_lower_the_same_and_the_very_same_are_held_back_each_by_its_name() -> None:
    shown = status_after(change(3))
    assert status_fault(shown, change(2)) is StatusFault.LOWER_VERSION
    assert status_fault(shown, change(3, event="other")) is StatusFault.SAME_VERSION
    assert status_fault(shown, change(3)) is StatusFault.DUPLICATE


@given(st.lists(st.integers(0, 50)))
def test_whatever_arrives_the_version_shown_only_rises_to_the_highest(versions: list[int]) -> None:
    shown: EntityStatus | None = None
    steps: list[int] = []
    for version in versions:
        if status_fault(shown, change(version)) is None:
            shown = status_after(change(version))
            steps.append(version)
    assert steps == sorted(set(steps))
    assert steps[-1:] == ([max(versions)] if versions else [])


def test_an_order_ends_with_a_final_status_only() -> None:
    finals = [
        status for status in ("packed", "delivered", "cancelled", "returned") if status_after(change(1, status)).final
    ]
    assert finals == ["delivered", "cancelled", "returned"]
