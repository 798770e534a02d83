"""What is revoked stays revoked, for exactly whom it is about, however many there are."""

from collections.abc import Callable
from itertools import permutations

import pytest

from access.revocations import Revocations, Standing
from access.subscription_grant import SubscriptionGrant
from access.viewer import NEVER, Viewer
from domain.gateway_control import ControlKind, GatewayControl
from domain.instants import HOUR, SECOND

NOW = 1_790_000_000 * SECOND


def viewer(
    user: str = "u1", tenant: str = "acme", issued_at: int | None = NOW - HOUR, token: str | None = "t1"
) -> Viewer:
    return Viewer(user, tenant, frozenset(), frozenset(), NEVER, issued_at=issued_at, token_id=token)


def user_order(user: str = "u1", before: int | None = None, until: int | None = NOW + HOUR) -> GatewayControl:
    return GatewayControl("o", ControlKind.REVOKE_USER, "acme", NOW, user=user, issued_before=before, expires_at=until)


def token_order(token: str = "t1", until: int | None = NOW + HOUR) -> GatewayControl:
    return GatewayControl("o", ControlKind.REVOKE_TOKEN, "acme", NOW, token_id=token, expires_at=until)


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_users_older_tokens_are_revoked_and_newer_ones_are_not(clock: Clock) -> None:
    revocations = Revocations(clock)
    assert revocations.standing(viewer()) is Standing.GOOD
    assert revocations.apply(user_order())
    assert revocations.standing(viewer()) is Standing.REVOKED
    assert revocations.standing(viewer(issued_at=None)) is Standing.REVOKED, "who does not say when was issued before"
    assert revocations.standing(viewer(issued_at=NOW)) is Standing.GOOD
    assert revocations.standing(viewer("u2")) is Standing.GOOD
    assert revocations.standing(viewer(tenant="other")) is Standing.GOOD, "users are their tenant's"


def test_a_token_is_revoked_by_its_id_within_its_tenant(clock: Clock) -> None:
    revocations = Revocations(clock)
    assert revocations.apply(token_order())
    assert revocations.standing(viewer()) is Standing.REVOKED
    assert revocations.standing(viewer(token="t2")) is Standing.GOOD
    assert revocations.standing(viewer(token=None)) is Standing.GOOD
    assert revocations.standing(viewer(tenant="other")) is Standing.GOOD
    link = SubscriptionGrant("order:acme/A", "acme", "", frozenset(), NEVER, token_id="t1")
    assert revocations.standing(link) is Standing.REVOKED, "a public link can be withdrawn"


def test_the_order_in_which_it_is_told_does_not_matter(clock: Clock) -> None:
    orders = [user_order(before=NOW - 2 * HOUR), user_order(before=NOW), user_order(before=NOW - HOUR, until=None)]
    for told in permutations([*orders, orders[0]]):
        revocations = Revocations(clock)
        for each in told:
            revocations.apply(each)
        assert revocations.standing(viewer(issued_at=NOW - 1)) is Standing.REVOKED
        assert revocations.standing(viewer(issued_at=NOW)) is Standing.GOOD


@pytest.mark.parametrize("order", [user_order, token_order])
def test_it_is_forgotten_when_it_may_be(clock: Clock, order: Callable[[], GatewayControl]) -> None:
    revocations = Revocations(clock)
    revocations.apply(order())
    assert revocations.forget() == 1
    clock.now += HOUR
    assert revocations.standing(viewer()) is Standing.GOOD
    assert revocations.forget() == 0
    assert not revocations.apply(order()), "what has ended is not taken in again"


def test_other_orders_revoke_nothing(clock: Clock) -> None:
    revocations = Revocations(clock)
    for kind in (ControlKind.DISCONNECT, ControlKind.UNKNOWN, ControlKind.SUBSCRIBE):
        assert not revocations.apply(GatewayControl("o", kind, "acme", NOW, user="u1", token_id="t1"))
    assert not revocations.apply(GatewayControl("o", ControlKind.REVOKE_USER, "acme", NOW))
    assert revocations.standing(viewer()) is Standing.GOOD
    assert revocations.forget() == 0


@pytest.mark.parametrize("order", [user_order, token_order])
def test_over_the_bound_more_is_revoked_never_less_and_only_the_tenants_own(
    clock: Clock, order: Callable[[str], GatewayControl]
) -> None:
    revocations = Revocations(clock, max_revoked=10)
    for number in range(11):
        revocations.apply(order(f"id{number}"))
    assert revocations.forget() == 10
    for number in range(10):
        assert revocations.standing(viewer(f"id{number}", token=f"id{number}")) is Standing.REVOKED
    for each in (viewer("id10", token="id10"), viewer("bystander", token="other")):
        assert revocations.standing(each) is Standing.OUTDATED, "which of the two it is, is not kept"
    assert revocations.standing(viewer("bystander", issued_at=NOW)) is Standing.GOOD, "a new token always helps"
    assert revocations.standing(viewer("id1", tenant="other", token="id1")) is Standing.GOOD
    clock.now += HOUR
    assert revocations.standing(viewer("bystander", issued_at=None)) is Standing.GOOD, "it ends with what had no room"
    assert revocations.forget() == 0


def test_room_that_ended_entries_left_is_used(clock: Clock) -> None:
    revocations = Revocations(clock, max_revoked=10)
    for number in range(10):
        revocations.apply(user_order(f"u{number}"))
    clock.now += HOUR
    revocations.apply(user_order("late", until=clock.now + HOUR))
    assert revocations.standing(viewer("late")) is Standing.REVOKED
    assert revocations.standing(viewer("bystander")) is Standing.GOOD, "nobody else was touched"
