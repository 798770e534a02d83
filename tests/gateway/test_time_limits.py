"""Time limits and pings without a timer for each connection."""

from push_service.gateway.protocol.disconnects import NO_PONG
from push_service.gateway.protocol.json_codec import JsonCodec
from push_service.gateway.sessions.deadlines import Deadlines
from push_service.gateway.sessions.heartbeat import Heartbeat
from push_service.gateway.sessions.session import Session
from runtime.token_bucket import TokenBucket
from tests.gateway.test_interleaving import Follower


def test_entries_expire_in_order_and_a_stopped_one_never() -> None:
    deadlines: Deadlines[str] = Deadlines(10)
    deadlines.start("a", 0)
    deadlines.start("b", 1)
    deadlines.start("c", 2)
    deadlines.stop("b")
    deadlines.start("a", 3)
    assert deadlines.expired(11.9) == []
    assert deadlines.expired(12) == ["c"]
    assert deadlines.expired(99) == ["a"]
    assert len(deadlines) == 0


def test_pings_are_spread_over_the_interval_and_each_session_gets_one() -> None:
    wheel = Heartbeat(interval=25, pong_timeout=8)
    followers = [Follower() for _ in range(100)]
    sessions = [Session(each, TokenBucket(1, 1), wheel.leave) for each in followers]
    for session in sessions:
        wheel.join(session)
    counts = []
    for _ in range(25):
        before = sum(len(each.replies) for each in followers)
        wheel.tick()
        counts.append(sum(len(each.replies) for each in followers) - before)
        for session in sessions:
            session.awaits_pong = False
    assert counts == [4] * 25
    assert all(each.replies == [JsonCodec.ping] for each in followers)


def test_a_silent_session_is_closed_after_the_pong_timeout() -> None:
    wheel = Heartbeat(interval=25, pong_timeout=8)
    follower = Follower()
    session = Session(follower, TokenBucket(1, 1), wheel.leave)
    wheel.join(session)
    for _ in range(8):
        wheel.tick()
        assert follower.closed is None
    wheel.tick()
    assert follower.closed == NO_PONG
    assert session.closed
    for _ in range(60):
        wheel.tick()
    assert len(follower.replies) == 1
