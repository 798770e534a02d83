"""Deltas are what the official client's own implementation makes the next text of."""

from centrifuge.fossil import apply_delta
from hypothesis import given
from hypothesis import strategies as st

from push_service.gateway.delivery.fossil import fossil_delta

PIECES = st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"x" * 50, b'{"lat":53.4084,"lon":-2.9916}'])))


@given(PIECES, PIECES)
def test_a_delta_makes_the_new_text_of_the_old(old: list[bytes], new: list[bytes]) -> None:
    before, after = b"".join(old), b"".join(new)
    assert bytes(apply_delta(before, fossil_delta(before, after))) == after


@given(st.binary(max_size=300), st.integers(0, 300), st.binary(max_size=20))
def test_a_small_change_makes_a_small_delta(text: bytes, at: int, inserted: bytes) -> None:
    after = text[:at] + inserted + text[at:]
    delta = fossil_delta(text, after)
    assert bytes(apply_delta(text, delta)) == after
    assert len(delta) <= len(after) + 40


def test_a_payload_that_changes_little_needs_little() -> None:
    old = b'{"kind":"position","asset":"truck-7","lat":53.408400,"lon":-2.991600,"speed":13.2,"heading":90}' * 4
    new = old.replace(b"13.2", b"13.3", 1)
    assert len(fossil_delta(old, new)) < 60
