"""A credential's text."""

import pytest

from access.credential_text import CredentialText, new_credential_text, parse_credential, secret_hash, secret_matches


def test_what_is_made_is_read_back() -> None:
    text = new_credential_text()
    assert parse_credential(str(text)) == text
    assert str(text).startswith("fc_")


def test_secrets_have_at_least_128_bits_and_differ() -> None:
    made = {new_credential_text() for _ in range(1_000)}
    assert len({each.secret for each in made}) == len({each.id for each in made}) == 1_000
    assert all(len(each.secret) * 5 >= 128 for each in made), "a letter of base 32 is five bits"


def test_the_secret_is_not_in_its_representation() -> None:
    text = new_credential_text()
    assert text.secret not in repr(text)


def test_only_the_same_secret_matches() -> None:
    text = new_credential_text()
    stored = secret_hash(text.secret)
    assert len(stored) == 32
    assert secret_matches(text.secret, stored)
    assert not secret_matches(new_credential_text().secret, stored)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fc_",
        "fc__",
        "fc_abc_def",
        f"fc_{'a' * 16}_{'a' * 31}",
        f"fc_{'a' * 16}_{'a' * 33}",
        f"fc_{'A' * 16}_{'a' * 32}",
        f"xx_{'a' * 16}_{'a' * 32}",
        f"fc_{'a' * 16}_{'a' * 32}\n",
        f"fc_{'ä' * 16}_{'a' * 32}",
        "fc_" + "a" * 100_000,
    ],
)
def test_what_is_no_credential_is_none(text: str) -> None:
    assert parse_credential(text) is None


def test_the_parts_are_named() -> None:
    assert parse_credential(f"fc_{'a' * 16}_{'b' * 32}") == CredentialText("a" * 16, "b" * 32)
