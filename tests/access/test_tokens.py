"""Viewers' tokens: what is made is accepted, what is not ours is refused with its reason."""

import base64
import contextlib
import json
import warnings
from typing import Any

import jwt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from access.capabilities import Permission
from access.compact_token import MAX_TOKEN_CHARACTERS
from access.settings import AccessSettings
from access.token_error import TokenError, TokenFault
from access.token_maker import TokenMaker
from access.tokens import TokenVerifier
from access.viewer import NEVER, Viewer
from domain.instants import HOUR, SECOND
from runtime.settings import SettingsError, load_sections

KEY = "k" * 32
NOW = 1_790_000_000
SETTINGS = AccessSettings(jwt_hmac_secret=SecretStr(KEY))
CLAIMS: dict[str, Any] = {
    "sub": "u1",
    "tenant": "acme",
    "fleets": ["acme", "acme.eu"],
    "capabilities": ["watch"],
    "iat": NOW,
    "exp": NOW + 3600,
}


def verify(token: str, at: float = NOW) -> Viewer:
    return TokenVerifier(SETTINGS, lambda: at).verify(token)


def signed(claims: Any, key: str = KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def refused(token: str, at: float = NOW) -> TokenFault:
    with pytest.raises(TokenError) as raised:
        verify(token, at)
    assert token not in str(raised.value)
    return raised.value.reason


def test_what_is_made_is_accepted() -> None:
    token = TokenMaker(SETTINGS, lambda: NOW).make(
        user="u1", fleets=["acme", "acme.eu"], capabilities=["watch"], valid_for=HOUR
    )
    assert verify(token) == Viewer(
        user="u1",
        tenant="acme",
        fleets=frozenset({"acme", "acme.eu"}),
        capabilities=frozenset({"watch"}),
        expires_at=(NOW + 3600) * SECOND,
        issued_at=NOW * SECOND,
    )


def test_it_expires_to_the_second() -> None:
    token = signed(CLAIMS)
    assert verify(token, NOW + 3599.9).user == "u1"
    assert refused(token, NOW + 3600) is TokenFault.EXPIRED


def test_another_key_is_a_bad_signature() -> None:
    assert refused(signed(CLAIMS, "x" * 32)) is TokenFault.BAD_SIGNATURE
    head, _, signature = signed(CLAIMS).split(".")
    other = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "admin"}).encode()).decode().rstrip("=")
    assert refused(f"{head}.{other}.{signature}") is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "a.b.c.d", "." * 100, "x" * (MAX_TOKEN_CHARACTERS + 1), "ä.ö.ü", "\ud800"]
)
def test_what_is_no_token_is_malformed(token: str) -> None:
    with pytest.raises(TokenError) as raised:
        verify(token)
    assert raised.value.reason is TokenFault.MALFORMED


def test_only_hs256_is_taken() -> None:
    unsigned = jwt.encode(CLAIMS, "", algorithm="none")
    assert refused(unsigned) is TokenFault.MALFORMED
    assert refused(signed(CLAIMS, "k" * 64, "HS512")) is TokenFault.MALFORMED


@pytest.mark.parametrize("name", ["sub", "tenant", "exp"])
def test_who_and_until_when_are_required(name: str) -> None:
    assert refused(signed({key: value for key, value in CLAIMS.items() if key != name})) is TokenFault.BAD_CLAIMS


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": "a/b"},
        {"sub": 7},
        {"tenant": "acme.eu"},
        {"tenant": ""},
        {"fleets": "acme"},
        {"fleets": ["other"]},
        {"fleets": ["acme", "acme2"]},
        {"fleets": ["acme"] * 501},
        {"fleets": [7]},
        {"capabilities": {}},
        {"capabilities": ["x"] * 51},
        {"exp": "tomorrow"},
        {"exp": 1e300},
        {"exp": -1},
        {"iat": "now"},
        {"caps": {}},
        {"caps": [{"channels": ["a"]}]},
        {"caps": [{"channels": ["^a+$"], "match": "regex", "allow": ["sub"]}]},
        {"caps": [{"channels": ["order:ac*"], "match": "wildcard", "allow": ["sub"]}]},
        {"caps": [{"channels": [""], "allow": ["sub"]}]},
        {"caps": [{"channels": ["a"] * 501, "allow": ["sub"]}]},
        {"caps": [{"channels": ["a"], "allow": ["sub"]}] * 51},
        {"channels": ["x" * 301]},
        {"channels": [f"c{each}" for each in range(101)]},
        {"info": "x" * 5_000},
        {"jti": ""},
        {"jti": 7},
        {"expire_at": "later"},
        {"channel": "order:acme/A-1"},
    ],
)
def test_claims_are_what_they_should_be(wrong: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyJWT warns the maker of a token whose sub is not a string
        token = signed({**CLAIMS, **wrong}) if wrong != {"sub": 7} else _raw({**CLAIMS, **wrong})
    assert refused(token) is TokenFault.BAD_CLAIMS


def _raw(claims: dict[str, Any]) -> str:
    return jwt.PyJWS().encode(json.dumps(claims).encode(), KEY, algorithm="HS256")


def test_from_the_future_is_not_yet_valid_but_clocks_may_disagree_a_little() -> None:
    assert refused(signed({**CLAIMS, "iat": NOW + 120})) is TokenFault.NOT_YET_VALID
    assert refused(signed({**CLAIMS, "nbf": NOW + 120})) is TokenFault.NOT_YET_VALID
    assert verify(signed({**CLAIMS, "iat": NOW + 30})).user == "u1"


@given(st.text(max_size=200))
def test_no_text_makes_it_fail_in_another_way(text: str) -> None:
    with pytest.raises(TokenError):
        verify(text)


@given(st.binary(max_size=200))
def test_nor_do_signed_bytes_that_are_no_claims(payload: bytes) -> None:
    with pytest.raises(TokenError):
        verify(jwt.PyJWS().encode(payload, KEY, algorithm="HS256"))


def test_a_short_key_is_refused_unless_allowed() -> None:
    with pytest.raises(SettingsError) as raised:
        load_sections(AccessSettings, environ={"FLEETCAST_ACCESS_JWT_HMAC_SECRET": "short-key"})
    assert "32 or more" in raised.value.problems[0]
    assert "short-key" not in raised.value.problems[0]
    weak = load_sections(
        AccessSettings,
        environ={"FLEETCAST_ACCESS_JWT_HMAC_SECRET": "secret", "FLEETCAST_ACCESS_ALLOW_WEAK_SECRET": "true"},
    )[AccessSettings]
    maker = TokenMaker(weak, lambda: NOW)
    verifier = TokenVerifier(weak, lambda: NOW)
    assert verifier.verify(maker.make(user="u", fleets=["acme"], capabilities=[], valid_for=HOUR)).user == "u"


def test_the_maker_refuses_what_the_verifier_would() -> None:
    maker = TokenMaker(SETTINGS, lambda: NOW)
    with pytest.raises(ValueError, match="not all fleets"):
        maker.make(user="u1", fleets=["acme", "other"], capabilities=[], valid_for=HOUR)
    with pytest.raises(ValueError, match="fewer fleets"):
        maker.make(user="u1", fleets=[f"acme.{'x' * 100}{i}" for i in range(100)], capabilities=[], valid_for=HOUR)


def test_issuer_and_audience_are_checked_where_they_are_asked_for() -> None:
    asked = AccessSettings.model_validate({"jwt_hmac_secret": KEY, "jwt_issuer": "idp", "jwt_audience": "fleetcast"})
    verifier = TokenVerifier(asked, lambda: NOW)
    for audience in ("fleetcast", ["others", "fleetcast"]):
        assert verifier.verify(signed({**CLAIMS, "iss": "idp", "aud": audience})).user == "u1"
    for claims, reason in (
        ({"iss": "idp"}, TokenFault.WRONG_AUDIENCE),
        ({"iss": "idp", "aud": []}, TokenFault.WRONG_AUDIENCE),
        ({"iss": "idp", "aud": ["others"]}, TokenFault.WRONG_AUDIENCE),
        ({"aud": "fleetcast"}, TokenFault.WRONG_ISSUER),
        ({"iss": "idp2", "aud": "fleetcast"}, TokenFault.WRONG_ISSUER),
    ):
        with pytest.raises(TokenError) as raised:
            verifier.verify(signed({**CLAIMS, **claims}))
        assert raised.value.reason is reason


def test_a_token_for_others_is_refused_also_by_who_has_no_name() -> None:
    assert refused(signed({**CLAIMS, "aud": "somebody-else"})) is TokenFault.WRONG_AUDIENCE
    assert verify(signed({**CLAIMS, "iss": "anybody"})).user == "u1"


def test_leeway_is_a_setting_and_never_stretches_expiry() -> None:
    exact = TokenVerifier(AccessSettings.model_validate({"jwt_hmac_secret": KEY, "jwt_leeway_seconds": 0}), lambda: NOW)
    with pytest.raises(TokenError):
        exact.verify(signed({**CLAIMS, "iat": NOW + 1}))
    wide = TokenVerifier(
        AccessSettings.model_validate({"jwt_hmac_secret": KEY, "jwt_leeway_seconds": 600}), lambda: NOW
    )
    assert wide.verify(signed({**CLAIMS, "nbf": NOW + 599})).user == "u1"
    with pytest.raises(TokenError):
        wide.verify(signed({**CLAIMS, "exp": NOW}))


def test_tokens_made_for_centrifugo_work_where_the_settings_say_whose_they_are() -> None:
    open_settings = AccessSettings.model_validate(
        {"jwt_hmac_secret": KEY, "default_tenant": "acme", "anonymous": True, "jwt_require_expiry": False}
    )
    verifier = TokenVerifier(open_settings, lambda: NOW)
    named = verifier.verify(signed({"sub": "42", "info": {"name": "Ann"}, "meta": {}, "channels": ["news"]}))
    assert (named.user, named.tenant, named.channels, named.info) == ("42", "acme", ("news",), b'{"name":"Ann"}')
    assert (named.expires, named.expires_at) == (False, NEVER)
    assert verifier.verify(signed({})).user == ""
    assert verifier.anonymous().tenant == "acme"
    lasting = verifier.verify(signed({"sub": "42", "exp": NOW + 5, "expire_at": 0}))
    assert not lasting.expires
    assert (
        verifier.verify(signed({"sub": "42", "exp": NOW + 5, "expire_at": NOW + 60})).expires_at == (NOW + 60) * SECOND
    )


def test_without_leave_nobody_is_anonymous() -> None:
    with pytest.raises(TokenError):
        TokenVerifier(SETTINGS).anonymous()
    assert refused(signed({**CLAIMS, "sub": ""})) is TokenFault.BAD_CLAIMS


def test_an_anonymous_viewer_of_no_tenant_sees_nothing_of_any() -> None:
    settings = AccessSettings.model_validate({"jwt_hmac_secret": KEY, "anonymous": True})
    nobody = TokenVerifier(settings).anonymous()
    assert (nobody.user, nobody.tenant) == ("", "")
    assert not nobody.allows(Permission.SUB, "fleet:acme", tenant="acme", by_rule=True)


def test_what_revocation_needs_is_kept() -> None:
    viewer = verify(signed({**CLAIMS, "jti": "t-1", "iat": NOW - 5}))
    assert (viewer.token_id, viewer.issued_at) == ("t-1", (NOW - 5) * SECOND)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


_NAMES = [*CLAIMS, "caps", "channels", "subs", "info", "jti", "aud", "iss", "nbf", "expire_at"]


@given(st.dictionaries(st.sampled_from([*_NAMES, "channel", "allow", "client"]), _JSON))
def test_signed_claims_of_any_shape_are_a_viewer_or_a_token_error(claims: dict[str, Any]) -> None:
    token = jwt.PyJWS().encode(json.dumps({**CLAIMS, **claims}).encode(), KEY, algorithm="HS256")
    verifier = TokenVerifier(SETTINGS, lambda: NOW)
    try:
        viewer: Viewer | None = verifier.verify(token)
    except TokenError:
        viewer = None
    if viewer is not None:
        assert viewer.tenant
        assert all(fleet.partition(".")[0] == viewer.tenant for fleet in viewer.fleets)
    nobody = Viewer("u1", "acme", frozenset(), frozenset(), NEVER)
    with contextlib.suppress(TokenError):
        verifier.verify_subscription(token, channel="order:acme/A", tenant="acme", viewer=nobody)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_token_that_was_changed_anywhere_is_refused(at: int, by: int) -> None:
    whole = signed(CLAIMS)
    changed = whole[: at % len(whole)] + chr(by) + whole[at % len(whole) + 1 :]
    # The last character of a signature holds bits that mean nothing: some others stand for the same bytes.
    assume(changed[:-1] != whole[:-1])
    with pytest.raises(TokenError):
        verify(changed)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"info":' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        b'{"info":"\\ud800"}',
        b'{"exp":1e999}',
        b'{"exp":' + b"9" * 5_000 + b"}",
        b'{"sub":"\xff"}',
        b"[]",
        b"7",
    ],
)
def test_odd_json_is_a_token_error(payload: bytes) -> None:
    assert refused(jwt.PyJWS().encode(payload, KEY, algorithm="HS256")) in (TokenFault.BAD_CLAIMS, TokenFault.MALFORMED)
