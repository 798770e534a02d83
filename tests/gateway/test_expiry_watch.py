"""The watch over the ends of tokens, with a clock of the test's own."""

from collections import Counter

from access.viewer import Viewer
from domain.instants import HOUR, SECOND, Micros
from push_service.gateway.sessions.expiry_watch import SCAN_TICKS, ExpiryWatch
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex
from runtime.token_bucket import TokenBucket
from tests.gateway.test_interleaving import Follower


class World:
    """Sessions with ends, and what was looked at."""

    def __init__(self) -> None:
        self.now: Micros = HOUR
        self.looks: Counter[Session] = Counter()
        self.most = 0
        self.index = SessionIndex()
        self.watch = ExpiryWatch(self.index, self.look, lambda: None, lambda: self.now)

    def look(self, session: Session) -> None:
        self.looks[session] += 1
        if session.viewer is not None and session.viewer.expires_at <= self.now:
            session.close()

    def join(self, user: str, expires_at: Micros) -> Session:
        session = Session(Follower(), TokenBucket(1, 1), self.index.leave)
        session.viewer = Viewer(user, "acme", frozenset(), frozenset(), expires_at)
        self.index.join(session)
        self.watch.watch(session)
        return session

    def pass_by(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            self.now += SECOND // 4
            before = self.looks.total()
            self.watch.tick()
            self.most = max(self.most, self.looks.total() - before)


def test_all_are_looked_at_within_a_scan_and_few_at_once() -> None:
    world = World()
    sessions = [world.join(str(n), 10 * HOUR) for n in range(1_000)]
    world.pass_by(SCAN_TICKS / 4 + 1)
    assert all(world.looks[each] >= 1 for each in sessions)
    assert world.most <= 2 * 1_000 / SCAN_TICKS


def test_every_end_is_kept_within_a_tick_also_far_ones_and_those_that_were_moved() -> None:
    world = World()
    world.join("soon", HOUR + 3 * SECOND)
    world.join("far", HOUR + 300 * SECOND)
    moved = world.join("moved", HOUR + 3 * SECOND)
    assert moved.viewer is not None
    world.pass_by(2)
    moved.viewer = Viewer("moved", "acme", frozenset(), frozenset(), HOUR + 100 * SECOND)
    world.watch.watch(moved)
    world.pass_by(1)
    assert _open(world) == {"far", "moved"}
    world.pass_by(96.5)
    assert _open(world) == {"far", "moved"}
    world.pass_by(0.5)
    assert _open(world) == {"far"}
    world.pass_by(199.5)
    assert _open(world) == {"far"}
    world.pass_by(0.75)
    assert _open(world) == set()


def _open(world: World) -> set[str]:
    return {session.viewer.user for session in world.index if session.viewer is not None}
