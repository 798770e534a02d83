"""traceparent, as W3C Trace Context has it."""

import pytest

from runtime.trace import TraceParent, new_trace, parse_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def test_a_header_is_read_and_written_the_same() -> None:
    text = f"00-{TRACE}-{SPAN}-01"
    assert parse_traceparent(text) == TraceParent(TRACE, SPAN, sampled=True)
    assert str(parse_traceparent(text)) == text


def test_a_later_version_is_read_as_far_as_we_know_it() -> None:
    assert parse_traceparent(f"cc-{TRACE}-{SPAN}-00-what-the-future-brings") == TraceParent(TRACE, SPAN, sampled=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}-{SPAN}-01",
    ],
)
def test_what_is_no_header_begins_a_new_trace_and_is_no_error(text: str) -> None:
    assert parse_traceparent(text) is None


def test_a_child_stays_in_the_trace_with_a_span_of_its_own() -> None:
    parent = new_trace()
    child = parent.child()
    assert (child.trace_id, child.sampled) == (parent.trace_id, True)
    assert child.span_id != parent.span_id
    assert parse_traceparent(str(child)) == child
