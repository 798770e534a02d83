"""From the names in a request to what the caller may touch."""

from typing import NamedTuple

from domain.channels import Channel
from domain.ids import ID_RULE, is_id
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.server_api.errors import BAD_REQUEST, UNKNOWN_CHANNEL, ApiError
from push_service.gateway.server_api.keys import Caller


class UserName(NamedTuple):
    """A user of a tenant."""

    tenant: str
    user: str


class Addressing:
    """Names, as seen by a caller. `default_tenant` is the tenant of tokens that name none."""

    def __init__(self, rules: ChannelRules, default_tenant: str | None) -> None:
        self._rules = rules
        self._default_tenant = default_tenant

    def channel(self, caller: Caller, name: str) -> Channel:
        """The channel. Raises ApiError 102, the same for no channel and for one of another tenant."""
        found = self._rules.parse(name) if caller.tenant is None else self._rules.of_tenant(caller.tenant, name)
        if found is None:
            raise ApiError(UNKNOWN_CHANNEL)
        return found

    def tenant(self, caller: Caller) -> str:
        """The tenant that a request is about when it names nobody. Raises ApiError 107 if the key opens all."""
        tenant = self._default_tenant if caller.tenant is None else caller.tenant
        if tenant is None:
            raise ApiError(BAD_REQUEST, "a key of every tenant needs a user written as tenant/user")
        return tenant

    def user(self, caller: Caller, name: str) -> UserName:
        """The user: `u42`, or `acme/u42` with a key that opens every tenant. Raises ApiError 107."""
        tenant, slash, user = name.rpartition("/")
        with_tenant = slash and caller.tenant is None
        found = UserName(tenant, user) if with_tenant else UserName(self.tenant(caller), name)
        if not is_id(found.user) or not is_id(found.tenant):
            raise ApiError(BAD_REQUEST, f"user is missing, or not an id: {ID_RULE}")
        return found

    def token(self, caller: Caller, uid: str) -> tuple[str, str]:
        """The tenant and the id of a token: `ID`, or `acme/ID` with a key that opens every tenant. Raises ApiError."""
        tenant, slash, rest = uid.partition("/")
        if slash and caller.tenant is None and is_id(tenant):
            return tenant, rest
        return self.tenant(caller), uid

    def is_of(self, tenant: str, channel: Channel) -> bool:
        """Whether a channel is a tenant's own, or everybody's."""
        return self._rules.of_tenant(tenant, str(channel)) is not None
