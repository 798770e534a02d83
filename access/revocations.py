"""What was revoked: tokens by their id, and all tokens of a user that were issued before an instant.

Filled from `gateway.control.v1`, which every gateway reads whole before it is ready. Bounded for each tenant, so that
none can push out another's; a tenant that reaches the bound is not left with tokens that should be dead: all its tokens
issued until then count no more, and its users come back with new ones.
"""

import enum
from collections.abc import Callable

from access.subscription_grant import SubscriptionGrant
from access.viewer import NEVER, Viewer
from domain.gateway_control import ControlKind, GatewayControl
from domain.instants import SECOND, Micros

MAX_REVOKED = 50_000
"""Users and tokens of one tenant, each."""


class Standing(enum.Enum):
    """What a token counts for."""

    GOOD = enum.auto()
    REVOKED = enum.auto()
    """By name: its user or its id."""
    OUTDATED = enum.auto()
    """Its tenant has more revoked than is kept one by one. It may be a bystander's: a newer token is good."""


class _Tenant:
    __slots__ = ("all_before", "all_until", "swept_at", "tokens", "users")

    def __init__(self) -> None:
        self.users: dict[str, tuple[Micros, Micros]] = {}
        """Issued before when, and until when that is remembered."""
        self.tokens: dict[str, Micros] = {}
        """Until when they are remembered."""
        self.all_before: Micros = 0
        """Tokens issued before it are outdated, for what had no room..."""
        self.all_until: Micros = 0
        """...until the last of that would have been forgotten."""
        self.swept_at: Micros = 0


class Revocations:
    """Who no longer counts. `clock` gives instants. Not for several threads."""

    def __init__(self, clock: Callable[[], Micros], max_revoked: int = MAX_REVOKED) -> None:
        self._clock = clock
        self._max = max_revoked
        self._tenants: dict[str, _Tenant] = {}

    def apply(self, record: GatewayControl) -> bool:
        """Takes a record in; False if it revokes nothing. To be told the same again, in any order, changes nothing."""
        until = NEVER if record.expires_at is None else record.expires_at
        if until <= self._clock():
            return False
        if record.kind is ControlKind.REVOKE_USER and record.user:
            before = record.ordered_at if record.issued_before is None else record.issued_before
            self._revoke_user(self._tenant(record.tenant), record.user, before, until)
            return True
        if record.kind is ControlKind.REVOKE_TOKEN and record.token_id:
            self._revoke_token(self._tenant(record.tenant), record.token_id, until, record.ordered_at)
            return True
        return False

    def standing(self, who: Viewer | SubscriptionGrant) -> Standing:
        """What the token that this came from counts for.

        A token that does not say when it was issued counts as issued before anything. Without an id it is never
        revoked by id; of a public link nobody is the user.
        """
        tenant = self._tenants.get(who.tenant)
        if tenant is None:
            return Standing.GOOD
        issued_at = who.issued_at or 0
        now = self._clock()
        if who.token_id is not None and tenant.tokens.get(who.token_id, 0) > now:
            return Standing.REVOKED
        before, until = tenant.users.get(who.user, (0, 0))
        if issued_at < before and now < until:
            return Standing.REVOKED
        return Standing.OUTDATED if issued_at < tenant.all_before and now < tenant.all_until else Standing.GOOD

    def forget(self) -> int:
        """Drops what may be forgotten; returns how many entries are left. To be called now and then."""
        for name, tenant in list(self._tenants.items()):
            self._drop_ended(tenant)
            if not tenant.users and not tenant.tokens and tenant.all_until <= tenant.swept_at:
                del self._tenants[name]
        return sum(len(each.users) + len(each.tokens) for each in self._tenants.values())

    def _tenant(self, name: str) -> _Tenant:
        return self._tenants.setdefault(name, _Tenant())

    def _revoke_user(self, tenant: _Tenant, user: str, before: Micros, until: Micros) -> None:
        if user not in tenant.users and self._is_full(tenant, len(tenant.users)):
            self._outdate_all(tenant, before, until)
            return
        known_before, known_until = tenant.users.get(user, (0, 0))
        tenant.users[user] = (max(before, known_before), max(until, known_until))

    def _revoke_token(self, tenant: _Tenant, token_id: str, until: Micros, ordered_at: Micros) -> None:
        if token_id not in tenant.tokens and self._is_full(tenant, len(tenant.tokens)):
            self._outdate_all(tenant, ordered_at, until)
            return
        tenant.tokens[token_id] = max(until, tenant.tokens.get(token_id, 0))

    def _outdate_all(self, tenant: _Tenant, before: Micros, until: Micros) -> None:
        tenant.all_before = max(tenant.all_before, before)
        tenant.all_until = max(tenant.all_until, until)

    def _is_full(self, tenant: _Tenant, entries: int) -> bool:
        """Whether there is no room for one more of the users or tokens, `entries` of which there are."""
        if entries < self._max:
            return False
        if self._clock() - tenant.swept_at < SECOND:
            return True  # so that a flood costs one look at all entries a second
        self._drop_ended(tenant)
        return max(len(tenant.users), len(tenant.tokens)) >= self._max

    def _drop_ended(self, tenant: _Tenant) -> None:
        now = tenant.swept_at = self._clock()
        tenant.users = {user: entry for user, entry in tenant.users.items() if entry[1] > now}
        tenant.tokens = {token: until for token, until in tenant.tokens.items() if until > now}
