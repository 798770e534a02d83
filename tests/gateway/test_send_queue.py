"""What waits for a slow client: bounded, in order, and only older positions ever give way."""

from hypothesis import given
from hypothesis import strategies as st

from push_service.gateway.delivery.push import ConflationKey
from push_service.gateway.delivery.send_queue import QueueLimits, SendQueue, joined

LIMITS = QueueLimits(conflate_bytes=100, max_bytes=400, max_frames=30)


def key(entity: str) -> ConflationKey:
    return ("fleet:acme", "position", entity)


def test_below_the_first_bound_everything_is_kept() -> None:
    queue = SendQueue(LIMITS)
    frames = [b"%09d" % n for n in range(11)]
    assert all(queue.put(frame, key("a")) for frame in frames)
    assert list(queue.take()) == frames


def test_over_the_first_bound_only_the_newest_of_an_entity_is_kept_and_it_comes_last() -> None:
    queue = SendQueue(LIMITS)
    for n in range(20):
        assert queue.put(b"a%08d" % n, key("a"))
        assert queue.put(b"b%08d" % n, key("b"))
    assert list(queue.take()) == [b"a%08d" % 19, b"b%08d" % 19]
    assert queue.conflated == 38


def test_what_must_not_be_dropped_makes_the_client_slow_in_the_end() -> None:
    queue = SendQueue(LIMITS)
    taken = 0
    while queue.put(b"status%04d" % taken, None):
        taken += 1
    assert taken == 30
    assert not queue.put(b"x", None)


def test_after_it_was_emptied_it_begins_anew() -> None:
    queue = SendQueue(LIMITS)
    for n in range(20):
        queue.put(b"a%08d" % n, key("a"))
    list(queue.take())
    frames = [b"%09d" % n for n in range(5)]
    for frame in frames:
        queue.put(frame, key("a"))
    assert list(queue.take()) == frames


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(1, 40)), max_size=60))
def test_order_holds_and_the_last_of_each_entity_and_everything_else_arrives(
    steps: list[tuple[str | None, int]],
) -> None:
    queue = SendQueue(QueueLimits(conflate_bytes=100, max_bytes=10_000, max_frames=1_000))
    sent = []
    for number, (entity, size) in enumerate(steps):
        frame = b"%03d" % number + b"." * size
        assert queue.put(frame, None if entity is None else key(entity))
        sent.append((entity, frame))
    arrived = list(queue.take())
    assert arrived == sorted(arrived)
    must = {frame for entity, frame in sent if entity is None} | set({e: f for e, f in sent if e is not None}.values())
    assert must <= set(arrived)
    assert len(arrived) + queue.conflated == len(sent)


def test_frames_are_joined_into_pieces_and_no_more_are_taken_than_a_piece_needs() -> None:
    frames = iter([b"aa", b"bb", b"cc", b"dd", b"e"])
    pieces = joined(frames, 4)
    assert next(pieces) == b"aabb"
    assert next(frames) == b"cc"
    assert list(pieces) == [b"dde"]
