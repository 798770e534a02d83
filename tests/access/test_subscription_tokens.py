"""A subscription's token opens one channel, for whom it was made."""

from typing import Any

import pytest

from access.capabilities import Permission
from access.settings import AccessSettings
from access.subscription_grant import SubscriptionGrant
from access.token_error import TokenError, TokenFault
from access.tokens import TokenVerifier
from access.viewer import NEVER, Viewer
from domain.instants import SECOND
from tests.access.signing import SECRET, claims, signed

CHANNEL = "order:acme/A-1"
SETTINGS = AccessSettings.model_validate({"jwt_hmac_secret": SECRET, "anonymous": True})
VERIFIER = TokenVerifier(SETTINGS)
NOBODY = VERIFIER.anonymous()
READS = frozenset({Permission.SUB, Permission.HST})


def viewer(user: str = "u1", tenant: str = "acme") -> Viewer:
    return Viewer(user, tenant, frozenset(), frozenset({"watch"}), NEVER)


def token(**changed: Any) -> str:
    return signed(claims(**{"tenant": None, "fleets": None, "channel": CHANNEL, **changed}))


def grant(text: str, who: Viewer, channel: str = CHANNEL, client: str = "") -> SubscriptionGrant:
    tenant = channel.partition(":")[2].partition("/")[0].partition(".")[0]
    return VERIFIER.verify_subscription(text, channel=channel, tenant=tenant, viewer=who, client=client)


def fault(text: str, who: Viewer, channel: str = CHANNEL, client: str = "") -> TokenFault:
    with pytest.raises(TokenError) as raised:
        grant(text, who, channel, client)
    assert text not in str(raised.value)
    assert "A-1" not in str(raised.value)
    return raised.value.reason


def test_a_public_link_opens_one_order_for_who_has_no_fleets_and_no_name() -> None:
    link = token(sub=None, jti="link-1")
    for who in (NOBODY, viewer(), viewer("")):
        opened = grant(link, who)
        assert (opened.channel, opened.tenant, opened.user, opened.permissions) == (CHANNEL, "acme", "", READS)
        assert opened.token_id == "link-1"
        assert opened.issued_at is not None
    assert fault(link, NOBODY, "order:acme/A-2") is TokenFault.BAD_CLAIMS
    assert fault(link, NOBODY, "fleet:acme") is TokenFault.BAD_CLAIMS


def test_it_is_for_one_user_of_the_channels_tenant() -> None:
    mine = token(sub="u1")
    assert grant(mine, viewer()).user == "u1"
    assert fault(mine, viewer("u2")) is TokenFault.BAD_CLAIMS
    assert fault(mine, NOBODY) is TokenFault.BAD_CLAIMS
    assert fault(mine, viewer(tenant="other")) is TokenFault.BAD_CLAIMS, "another tenant's u1 is somebody else"
    assert fault(mine, viewer(tenant="")) is TokenFault.BAD_CLAIMS


def test_who_belongs_to_another_tenant_gets_nothing_even_by_a_link() -> None:
    assert fault(token(sub=None), viewer(tenant="other")) is TokenFault.BAD_CLAIMS
    assert fault(token(sub=None, tenant="other"), NOBODY) is TokenFault.BAD_CLAIMS
    assert grant(token(sub=None, tenant="acme"), NOBODY).tenant == "acme"


def test_what_is_allowed_is_said_by_the_token() -> None:
    assert grant(token(), viewer()).permissions == READS
    assert grant(token(allow=["pub"]), viewer()).permissions == {Permission.SUB, Permission.PUB}
    assert grant(token(allow=[]), viewer()).permissions == {Permission.SUB}
    assert grant(token(allow=["prs", "hst", "unheard-of"]), viewer()).permissions == READS | {Permission.PRS}


def test_when_it_ends() -> None:
    expiry = claims()["exp"]
    assert abs(grant(token(), viewer()).expires_at - expiry * SECOND) <= 2 * SECOND
    assert grant(token(expire_at=0), viewer()).expires_at == NEVER
    assert grant(token(expire_at=expiry + 60), viewer()).expires_at == (expiry + 60) * SECOND
    assert fault(token(exp=1_000), viewer()) is TokenFault.EXPIRED
    assert fault(token(exp=None), viewer()) is TokenFault.BAD_CLAIMS
    assert fault(token(nbf=expiry), viewer()) is TokenFault.NOT_YET_VALID


def test_it_may_be_for_one_connection() -> None:
    assert grant(token(client="c1"), viewer(), client="c1").channel == CHANNEL
    assert fault(token(client="c1"), viewer(), client="c2") is TokenFault.BAD_CLAIMS
    assert fault(token(client="c1"), viewer()) is TokenFault.BAD_CLAIMS


def test_tokens_of_connections_and_of_subscriptions_are_not_each_other() -> None:
    assert fault(signed(claims()), viewer()) is TokenFault.BAD_CLAIMS
    with pytest.raises(TokenError) as raised:
        VERIFIER.verify(token(tenant="acme", fleets=["acme"]))
    assert raised.value.reason is TokenFault.BAD_CLAIMS


def test_info_is_kept_as_json() -> None:
    assert grant(token(info={"name": "Ann", "n": [1, None]}), viewer()).info == b'{"name":"Ann","n":[1,null]}'
    assert grant(token(), viewer()).info is None


@pytest.mark.parametrize("wrong", [{"channel": 7}, {"channel": ""}, {"channel": "x" * 301}, {"allow": "pub"}])
def test_claims_are_what_they_should_be(wrong: dict[str, Any]) -> None:
    assert fault(token(**wrong), viewer()) is TokenFault.BAD_CLAIMS


def test_two_tenants_have_no_way_to_each_other() -> None:
    """Every token of one tenant's user, against every channel of the other."""
    theirs = ["fleet:other", "order:other/A-1", "asset:other.eu/x", "user:other/u1", "fleet:acme2"]
    tokens = [token(sub=sub, channel=channel) for sub in (None, "u1") for channel in (CHANNEL, "fleet:acme")]
    for each in tokens:
        for channel in theirs:
            for who in (viewer(), viewer(""), NOBODY, viewer(tenant="other")):
                assert fault(each, who, channel) is TokenFault.BAD_CLAIMS
