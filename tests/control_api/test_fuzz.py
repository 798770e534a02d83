"""No request makes control_api fail: whatever is sent is done or refused, with a documented answer."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_api.problems import ALL_PROBLEMS
from tests.control_api.rig import Control, running_control

STATUS_OF = {each.uri: each.status for each in ALL_PROBLEMS}
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["a", "", "\0", "\ud800", "22:00", "fcm", "webpush", "android", "web", "Europe/Berlin"])
)
NAMES = st.sampled_from(
    ["ids", "up_to", "all", "installation", "provider", "platform", "push_token", "subscription", "endpoint", "keys",
     "p256dh", "auth", "environment", "types", "quiet_hours", "start", "end", "zone", "live", "push", "about", "like"]
)  # fmt: skip
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=5)
        | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=15,
)
TARGETS = st.sampled_from(
    [
        ("POST", "/v1/inbox/read"),
        ("POST", "/v1/inbox/archive"),
        ("POST", "/v1/inbox/ack"),
        ("PUT", "/v1/installations/i1"),
        ("PUT", "/v1/preferences"),
        ("POST", "/v1/people/ann/typing"),
    ]
)
FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def running(runner: asyncio.Runner, module_url: str) -> Iterator[Control]:
    context = running_control(module_url, user_rate=1e6, user_burst=10**6, typing_rate=1e6, typing_burst=10**6)
    yield runner.run(context.__aenter__())
    runner.run(context.__aexit__(None, None, None))


@FUZZ
@given(document=VALUE, target=TARGETS)
def test_json_of_every_kind(runner: asyncio.Runner, running: Control, document: Any, target: tuple[str, str]) -> None:
    body = json.dumps(document).encode("utf-8", "surrogatepass")
    reply = runner.run(running.send(*target, body))
    if reply.status >= 300:
        assert reply.status == STATUS_OF[reply.document["type"]] < 500, reply.body


@FUZZ
@given(
    path=st.sampled_from(["/v1/inbox", "/v1/interests", "/v1/installations/", "/v1/interests/", "/v1/people/"]),
    rest=st.text(st.characters(codec="utf-8"), max_size=30),
)
def test_paths_and_queries_of_every_kind(runner: asyncio.Runner, running: Control, path: str, rest: str) -> None:
    for asked in (f"{path}{quote(rest, safe='')}", f"{path.rstrip('/')}?{quote(rest, safe='=&')}"):
        reply = runner.run(running.get(asked))
        if reply.status >= 300:
            assert reply.status == STATUS_OF[reply.document["type"]] < 500, (asked, reply.body)
