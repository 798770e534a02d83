"""What a token allows, channel by channel."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.capabilities import MAX_CHANNEL_CHARACTERS, CapabilityError, Permission, channel_cap
from access.settings import AccessSettings
from access.tokens import TokenVerifier
from access.viewer import Viewer
from tests.access.signing import SECRET, claims, signed

VERIFIER = TokenVerifier(AccessSettings.model_validate({"jwt_hmac_secret": SECRET}))
ORDER = "order:acme/A-1"


def viewer(**changed: object) -> Viewer:
    return VERIFIER.verify(signed(claims(**changed)))


def allowed(who: Viewer, channel: str = ORDER, *, tenant: str = "acme", by_rule: bool = True) -> str:
    return " ".join(each for each in Permission if who.allows(each, channel, tenant=tenant, by_rule=by_rule))


def test_a_token_that_says_nothing_reads_what_its_fleets_allow() -> None:
    assert allowed(viewer()) == "sub prs hst"
    assert allowed(viewer(), by_rule=False) == ""


def test_named_capabilities_count_where_the_rule_lets_the_viewer_in() -> None:
    assert allowed(viewer(capabilities=["watch"])) == "sub prs hst"
    assert allowed(viewer(capabilities=["watch", "publish"])) == "sub pub prs hst"
    assert allowed(viewer(capabilities=["publish"]), by_rule=False) == ""
    assert allowed(viewer(capabilities=[])) == ""
    assert allowed(viewer(capabilities=["of another version"])) == ""


def test_caps_open_what_they_name_and_with_them_nothing_else_is_open() -> None:
    who = viewer(fleets=None, caps=[{"channels": [ORDER], "allow": ["sub", "pub"]}])
    assert allowed(who, by_rule=False) == "sub pub"
    assert allowed(who, "order:acme/A-2") == ""
    both = viewer(capabilities=["watch"], caps=[{"channels": [ORDER], "allow": ["sub"]}])
    assert allowed(both) == "sub"
    assert allowed(both, "order:acme/A-2") == "sub prs hst"


def test_the_first_cap_that_names_a_channel_has_the_last_word() -> None:
    who = viewer(
        caps=[
            {"channels": [ORDER], "allow": ["sub"]},
            {"channels": ["order:*"], "match": "wildcard", "allow": ["pub", "hst", "unheard-of"]},
        ]
    )
    assert allowed(who) == "sub"
    assert allowed(who, "order:acme/A-2") == "pub hst"


def test_channels_to_subscribe_to_may_be_read() -> None:
    who = viewer(channels=[ORDER], subs={"order:acme/A-2": {"data": {}}, ORDER: {}})
    assert who.channels == (ORDER, "order:acme/A-2")
    assert allowed(who, by_rule=False) == "sub hst"


@pytest.mark.parametrize(
    "opened",
    [
        {"caps": [{"channels": ["*"], "match": "wildcard", "allow": ["sub", "pub", "prs", "hst"]}]},
        {"caps": [{"channels": ["order:other/A-1"], "allow": ["sub"]}]},
        {"channels": ["order:other/A-1"]},
        {"capabilities": ["watch", "publish"]},
    ],
)
def test_nothing_opens_another_tenants_channels(opened: dict[str, object]) -> None:
    who = viewer(**opened)
    assert allowed(who, "order:other/A-1", tenant="other") == ""
    assert allowed(who, "order:acme2/A-1", tenant="acme2") == ""


@pytest.mark.parametrize(
    ("pattern", "named", "not_named"),
    [
        (
            "order:acme/*",
            ["order:acme/A-1", "order:acme/*"],
            ["order:acme.eu/A-1", "order:acme/", "order:acme", "asset:acme/A-1"],
        ),
        ("order:*", ["order:acme/A-1", "order:x"], ["order:", "orders:x", "order"]),
        ("*", ["order:acme/A-1", "news", "fleet:acme"], [""]),
        ("*:acme/A-1", ["order:acme/A-1", "asset:acme/A-1"], ["order:acme/A-2", "acme/A-1"]),
        ("order:*/A-1", ["order:acme/A-1", "order:acme.eu/A-1"], ["order:acme/A-2", "order:acme/x/A-1", "order:A-1"]),
        ("order:acme/A-1", ["order:acme/A-1"], ["order:acme/A-10", "order:acme:A-1"]),
    ],
)
def test_wildcards_stand_for_whole_parts(pattern: str, named: list[str], not_named: list[str]) -> None:
    cap = channel_cap([pattern], "wildcard", ["sub"])
    assert [each for each in named if not cap.names(each)] == []
    assert [each for each in not_named if cap.names(each)] == []


def test_an_exact_star_is_a_star() -> None:
    cap = channel_cap(["order:acme/*"], "exact", ["sub"])
    assert cap.names("order:acme/*")
    assert not cap.names("order:acme/A-1")


@pytest.mark.parametrize("match", ["regex", "WILDCARD", "prefix"])
def test_no_other_way_to_match_is_taken(match: str) -> None:
    with pytest.raises(CapabilityError):
        channel_cap(["a"], match, ["sub"])


def test_matching_is_linear_in_the_names_length() -> None:
    """Patterns that take other matchers exponential time."""
    cap = channel_cap(["*/" * 149 + "x"] * 500, "wildcard", ["sub"])
    name = "a/" * 150_000
    began = time.perf_counter()
    assert not cap.names(name)
    assert time.perf_counter() - began < 5


@given(st.text(max_size=MAX_CHANNEL_CHARACTERS + 5), st.sampled_from(["", "exact", "wildcard"]), st.text(max_size=50))
def test_any_text_is_a_pattern_or_refused(pattern: str, match: str, name: str) -> None:
    try:
        cap = channel_cap([pattern], match, ["sub"])
    except CapabilityError:
        return
    assert cap.names(name) in (True, False)
    if "*" not in pattern:
        assert cap.names(pattern)
        assert cap.names(name) is (name == pattern)
