"""What the `data` of a notification may be, whoever wrote the record."""

import pytest

from domain.notification import is_app_data

DEEP = b'{"a":' * 200_000 + b"1" + b"}" * 200_000


def test_a_json_object_is() -> None:
    assert is_app_data('{"a":[1,null,{"é":true}]}'.encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"1", b"[]", b"null", b'{"a":1', b'{"a":1}x', b'{"\xff":1}', b'{"a":"\xff"}', b"[" * 100_000, DEEP],
    ids=["empty", "number", "array", "null", "cut", "more", "bad key", "bad text", "deep array", "deep object"],
)
def test_nothing_else_is_and_nothing_raises(data: bytes) -> None:
    assert not is_app_data(data)
