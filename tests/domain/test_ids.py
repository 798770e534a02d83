"""Ids: what may be one, and that the same facts always get the same."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import _EVENTS, IdError, check_id, derived_id, event_id, is_id, tenant_of

LEGAL = st.text("ABCXYZabcxyz0189._~-", min_size=1, max_size=128)


@given(LEGAL)
def test_a_legal_id_is_returned_as_it_is(text: str) -> None:
    assert check_id(text) == text
    assert is_id(text)


@pytest.mark.parametrize(
    "text", ["", "a" * 129, "a/b", "a:b", "a|b", "a,b", "a b", "a\n", "é", "٣", "a\x00", "\uff41", "\ud800"]
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(IdError) as refused:
        check_id(text)
    assert str(refused.value) == "an id is 1 to 128 of A-Z a-z 0-9 . _ ~ -"


@given(st.text(max_size=200))
def test_no_id_holds_a_separator(text: str) -> None:
    if is_id(text):
        assert not set(text) & set("/:|,{}* \n")
        assert text.isascii()


@pytest.mark.parametrize(("fleet", "tenant"), [("acme", "acme"), ("acme.eu", "acme"), ("acme.eu.north", "acme")])
def test_the_tenant_is_the_part_before_the_first_dot(fleet: str, tenant: str) -> None:
    assert tenant_of(fleet) == tenant


@given(st.lists(st.none() | LEGAL | st.floats(allow_nan=False) | st.integers(), min_size=1, max_size=6))
def test_the_same_facts_have_the_same_event_id(facts: list[str | float | None]) -> None:
    made = event_id(*facts)
    assert made == event_id(*facts)
    assert is_id(made)
    assert uuid.UUID(made).version == 5


def test_other_facts_have_another_event_id() -> None:
    facts: list[tuple[str | float | None, ...]] = [
        ("acme", "truck-7", 1.0),
        ("acme", "truck-7", 1),
        ("acme", "truck-7", 1.0000000000000002),
        ("acme", "truck-7", "1.0"),
        ("acme", "truck-7", None),
        ("acme", "truck-7", ""),
        ("acme", "truck-7"),
        ("acme", None, "truck-7", 1.0),
        ("acme'|'truck-7", 1.0),
    ]
    assert len({event_id(*each) for each in facts}) == len(facts)


def test_what_two_rules_make_of_one_event_has_two_ids() -> None:
    assert derived_id("e-1", "live.full") == derived_id("e-1", "live.full")
    assert len({derived_id("e-1", "live.full"), derived_id("e-1", "live.public"), derived_id("e-2", "live.full")}) == 3
    assert is_id(derived_id("e-1", "live.full"))


@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_derived_ids_are_version_5_uuids(name: str) -> None:
    assert derived_id(name, "rule") == str(uuid.uuid5(_EVENTS, f"rule|{name}"))
