"""Which key checks which token: the algorithm belongs to the key, never to the token."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from access.compact_token import encoded_part
from access.jwks import MAX_JWKS_BYTES, MAX_JWKS_KEYS, read_jwks
from access.pem_keys import MAX_PEM_KEYS, read_pem_keys
from access.settings import AccessSettings
from access.token_error import TokenError, TokenFault
from access.token_key import BadKey
from access.tokens import TokenVerifier
from runtime.settings import SettingsError, load_sections
from tests.access.signing import EC_KEY, RSA_KEY, SECRET, claims, jwk, key_set, private_pem, public_pem, signed

PUBLIC = public_pem(RSA_KEY) + public_pem(EC_KEY)
ALL = AccessSettings.model_validate({"jwt_hmac_secret": SECRET, "jwt_public_keys": PUBLIC})
ASYMMETRIC = AccessSettings.model_validate({"jwt_public_keys": PUBLIC})


def fault(token: str, settings: AccessSettings = ALL) -> TokenFault:
    with pytest.raises(TokenError) as raised:
        TokenVerifier(settings).verify(token)
    assert token not in str(raised.value)
    return raised.value.reason


@pytest.mark.parametrize(("key", "algorithm"), [(SECRET, "HS256"), (RSA_KEY, "RS256"), (EC_KEY, "ES256")])
def test_each_algorithm_is_taken_with_and_without_a_key_id(key: Any, algorithm: str) -> None:
    verifier = TokenVerifier(ALL)
    for key_id in (None, "any"):
        assert verifier.verify(signed(claims(), key, algorithm, key_id)).user == "u1"


def test_several_keys_of_one_kind_are_tried() -> None:
    first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    verifier = TokenVerifier(
        AccessSettings.model_validate({"jwt_public_keys": public_pem(first) + "\n" + public_pem(second)})
    )
    assert verifier.verify(signed(claims(), second, "ES256")).user == "u1"
    assert verifier.verify(signed(claims(), first, "ES256")).user == "u1"


def test_a_public_key_is_never_a_secret() -> None:
    """The classic confusion: HS256 over the text of the public key, which everybody has."""
    head = encoded_part(b'{"alg":"HS256"}')
    signed_part = f"{head}.{encoded_part(json.dumps(claims()).encode())}"
    for secret in (PUBLIC, public_pem(RSA_KEY), public_pem(RSA_KEY).strip()):
        digest = hmac.digest(secret.encode(), signed_part.encode(), hashlib.sha256)
        token = f"{signed_part}.{encoded_part(digest)}"
        assert fault(token, ASYMMETRIC) is TokenFault.UNKNOWN_KEY
        assert fault(token) is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS512", "PS256", "ES384", "", "hs256"]
)
def test_other_algorithms_have_no_key(algorithm: str) -> None:
    _, payload, signature = signed(claims()).split(".")
    head = encoded_part(json.dumps({"alg": algorithm}).encode())
    assert fault(f"{head}.{payload}.{signature}") is TokenFault.MALFORMED
    assert fault(f"{head}.{payload}.") is TokenFault.MALFORMED


def test_a_token_of_one_key_does_not_pass_as_anothers() -> None:
    for key, algorithm, other in ((RSA_KEY, "RS256", "ES256"), (EC_KEY, "ES256", "RS256"), (SECRET, "HS256", "RS256")):
        _, payload, signature = signed(claims(), key, algorithm).split(".")
        head = encoded_part(json.dumps({"alg": other}).encode())
        assert fault(f"{head}.{payload}.{signature}") is TokenFault.BAD_SIGNATURE
    assert fault(signed(claims(), rsa.generate_private_key(65_537, 2_048), "RS256")) is TokenFault.BAD_SIGNATURE
    assert fault(signed(claims(), RSA_KEY, "RS256"), AccessSettings(jwt_hmac_secret=SECRET)) is TokenFault.UNKNOWN_KEY


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"kid": "x" * 257},
        {"kid": 7},
        {"alg": 7},
        {"alg": None},
    ],
)
def test_a_header_that_asks_for_what_is_not_understood_is_malformed(header: dict[str, Any]) -> None:
    _, payload, signature = signed(claims()).split(".")
    head = encoded_part(json.dumps({"alg": "HS256", **header}).encode())
    assert fault(f"{head}.{payload}.{signature}") is TokenFault.MALFORMED


def test_keys_and_addresses_inside_the_token_are_not_followed() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    token = jwt.encode(
        claims(), stranger, algorithm="ES256", headers={"jwk": jwk(stranger), "jku": "https://evil.example/keys"}
    )
    assert fault(token) is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        ("hello", "1 to 10 PEM blocks"),
        (public_pem(EC_KEY) * (MAX_PEM_KEYS + 1), "1 to 10 PEM blocks"),
        (private_pem(EC_KEY), "block 1 is a private key"),
        (PUBLIC + private_pem(RSA_KEY), "block 3 is a private key"),
        (public_pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "block 1 is not a public key"),
    ],
)
def test_a_bad_pem_file_is_told_at_start_and_never_repeated(pem: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_sections(AccessSettings, environ={"FLEETCAST_ACCESS_JWT_PUBLIC_KEYS": pem})
    (problem,) = raised.value.problems
    assert said in problem
    assert "FLEETCAST_ACCESS_JWT_PUBLIC_KEYS" in problem
    assert not any(line in problem for line in pem.splitlines() if not line.startswith("-----"))


def test_a_public_key_given_as_the_secret_is_refused_at_start() -> None:
    with pytest.raises(SettingsError, match="a secret of its own"):
        load_sections(AccessSettings, environ={"FLEETCAST_ACCESS_JWT_HMAC_SECRET": public_pem(EC_KEY)})


def test_without_any_key_nothing_starts() -> None:
    with pytest.raises(SettingsError, match="nothing checks tokens"):
        load_sections(AccessSettings, environ={})


@pytest.mark.parametrize(
    "url", ["http://idp.example/keys", "ftp://idp.example", "https://", "https://u:p@idp.example/"]
)
def test_keys_are_not_read_from_where_others_could_change_them(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_sections(AccessSettings, environ={"FLEETCAST_ACCESS_JWT_JWKS_URL": url})
    assert "u:p@" not in str(raised.value)


def test_short_rsa_keys_are_refused() -> None:
    short = rsa.generate_private_key(65_537, 1_024)
    with pytest.raises(BadKey, match="2048 to 4096 bits"):
        read_pem_keys(public_pem(short))
    with pytest.raises(BadKey, match="none of the 1 keys"):
        read_jwks(key_set(jwk(short, kid="a")))


@pytest.mark.parametrize(
    "unfit",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"key_ops": []},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": "ES256"},
        {"alg": "HS256"},
        {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode()},
        {"kty": "EC"},
        {"n": "!"},
        {"n": ""},
        {"e": "AA"},
        {"kid": 7},
        {"kid": "x" * 257},
    ],
)
def test_what_a_published_key_says_of_its_use_is_kept(unfit: dict[str, Any]) -> None:
    """One key that cannot be used does not keep the others from working."""
    (key,) = read_jwks(key_set(jwk(RSA_KEY, kid="a") | unfit, jwk(EC_KEY, kid="b", use="sig", alg="ES256")))
    assert (key.algorithm, key.key_id) == ("ES256", "b")


def test_a_set_with_private_keys_gives_public_ones() -> None:
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY))
    (key,) = read_jwks(key_set({**private, "key_ops": ["sign", "verify"], "kid": "a"}))
    assert key.algorithm == "RS256"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [7]}',
        b"\xff",
        b"[" * 100_000,
        b" " * MAX_JWKS_BYTES + b" ",
    ],
)
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(BadKey):
        read_jwks(document)


def test_a_key_set_is_bounded() -> None:
    with pytest.raises(BadKey, match="at most 100 keys"):
        read_jwks(key_set(*({"kty": "EC"} for _ in range(MAX_JWKS_KEYS + 1))))


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps({"keys": x}).encode())
)
def test_no_document_makes_it_fail_in_another_way(document: bytes) -> None:
    with pytest.raises(BadKey):
        read_jwks(document)
