"""`python -m access`, as people and scripts call it, on a real PostgreSQL."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jwt
import msgspec
import psycopg
import pytest
from pydantic import SecretStr

from access.__main__ import main
from access.capabilities import Permission
from access.credential_text import parse_credential
from access.settings import AccessSettings
from access.tokens import TokenVerifier
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings
from tests.access.signing import EC_KEY, RSA_KEY, PrivateKey, private_pem, public_pem

PROJECT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef0123456789abcdef"


class Commands:
    """Runs them in this process: a process of its own for each takes longer to start than all of them to run."""

    def __init__(self, url: str) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
        self.environment |= {"FLEETCAST_POSTGRES_URL": url, "FLEETCAST_ACCESS_JWT_HMAC_SECRET": KEY}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith("FLEETCAST_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["access", *arguments])
            try:
                code = main()
            except SystemExit as ended:  # argparse ends so
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def run_as_process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "access", *arguments]
        return subprocess.run(
            argv, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def json(self, *arguments: str) -> Any:
        ended = self.run(*arguments, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture
def commands(postgres_url: str) -> Commands:
    migrate(PostgresSettings(url=SecretStr(postgres_url)))
    return Commands(postgres_url)


DEVICE = ("credential", "create", "--kind", "device", "--fleet", "acme", "--device-id", "truck-7-box")


def test_the_life_of_a_credential(commands: Commands, postgres_url: str) -> None:
    made = commands.json(*DEVICE, "--asset", "truck-7", "--asset", "trailer-9", "--expires-in", "90d")
    text = parse_credential(made["credential"])
    assert text is not None
    assert text.id == made["id"]
    assert made["assets"] == ["trailer-9", "truck-7"]
    assert made["expires_at"] > made["created_at"]

    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT credentials::text FROM credentials").fetchall()
    assert text.secret not in str(rows)

    backend = commands.json("credential", "create", "--kind", "backend", "--tenant", "acme", "--name", "the ERP")
    listed = commands.run("credential", "list")
    assert "truck-7-box" in listed.stdout
    assert "the ERP" in listed.stdout
    assert text.secret not in listed.stdout
    assert {each["id"] for each in commands.json("credential", "list", "--tenant", "acme")} == {
        made["id"],
        backend["id"],
    }
    assert [each["id"] for each in commands.json("credential", "list", "--fleet", "acme")] == [made["id"]]

    limited = commands.json("credential", "limits", made["id"], "--rate", "10", "--burst", "1000")
    assert (limited["rate"], limited["burst"]) == (10.0, 1000)
    assert commands.json("limits", made["id"])["rate"] is None

    revoked = commands.json("credential", "revoke", made["id"])
    assert revoked["revoked_at"] is not None
    assert commands.json("credential", "revoke", made["id"]) == revoked
    states = {each["id"]: each["state"] for each in commands.json("credential", "list")}
    assert states == {made["id"]: "revoked", backend["id"]: "valid"}


def test_a_person_sees_the_secret_once_alone_on_its_line(commands: Commands) -> None:
    ended = commands.run_as_process("credential", "create", "--kind", "backend", "--fleet", "acme.eu")
    assert ended.returncode == 0
    assert parse_credential(ended.stdout.splitlines()[-1]) is not None


def test_a_token_for_development(commands: Commands) -> None:
    made = commands.json("jwt", "--user", "u1", "--fleet", "acme", "--fleet", "acme.eu", "--for", "1h")
    viewer = TokenVerifier(AccessSettings(jwt_hmac_secret=SecretStr(KEY))).verify(made["token"])
    assert viewer.user == "u1"
    assert viewer.fleets == {"acme", "acme.eu"}
    assert viewer.capabilities == {"watch"}
    assert commands.run("jwt", "--user", "u1", "--fleet", "acme").stdout.count(".") == 2


def test_a_token_with_channels_of_its_own(commands: Commands) -> None:
    made = commands.json(
        *("jwt", "--user", "u1", "--tenant", "acme", "--jti", "t-1", "--channel", "user:acme/u1"),
        *("--capability", "order:acme/*=sub,pub", "--capability", "asset:acme/truck-7=sub"),
    )
    viewer = TokenVerifier(AccessSettings(jwt_hmac_secret=SecretStr(KEY))).verify(made["token"])
    assert (viewer.token_id, viewer.channels, viewer.capabilities) == ("t-1", ("user:acme/u1",), frozenset())
    assert viewer.allows(Permission.PUB, "order:acme/A-1", tenant="acme", by_rule=False)
    assert not viewer.allows(Permission.PUB, "asset:acme/truck-7", tenant="acme", by_rule=True)
    assert made["token_id"] == "t-1"


def test_a_public_link_and_a_token_of_one_users_subscription(commands: Commands) -> None:
    link = commands.json("jwt", "--sub-channel", "order:acme/A-1")
    mine = commands.json("jwt", "--sub-channel", "order:acme/A-1", "--user", "u1", "--allow", "pub")
    verifier = TokenVerifier(AccessSettings.model_validate({"jwt_hmac_secret": KEY, "anonymous": True}))
    who = msgspec.structs.replace(verifier.anonymous(), tenant="acme", user="u1")
    asked = {"channel": "order:acme/A-1", "tenant": "acme"}
    assert verifier.verify_subscription(link["token"], **asked, viewer=verifier.anonymous()).user == ""
    grant = verifier.verify_subscription(mine["token"], **asked, viewer=who)
    assert grant.user == "u1"
    assert grant.permissions == {Permission.SUB, Permission.PUB}


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA_KEY), ("ES256", EC_KEY)])
def test_a_token_signed_with_a_private_key(commands: Commands, tmp_path: Path, algorithm: str, key: PrivateKey) -> None:
    file = tmp_path / "key.pem"
    file.write_text(private_pem(key))
    made = commands.json(
        "jwt", "--user", "u1", "--fleet", "acme", "--algorithm", algorithm, "--key-file", str(file), "--kid", "k1"
    )
    settings = AccessSettings.model_validate({"jwt_public_keys": public_pem(key)})
    assert TokenVerifier(settings).verify(made["token"]).user == "u1"
    assert jwt.get_unverified_header(made["token"])["kid"] == "k1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("credential", "create", "--kind", "device", "--fleet", "acme", "--asset", "a"), "--device-id"),
        (DEVICE, "1 to 1000 assets"),
        ((*DEVICE, "--asset", "a b"), "an id is"),
        ((*DEVICE, "--asset", "a", "--expires-in", "soon"), "length of time"),
        (("credential", "create", "--kind", "backend", "--fleet", "acme", "--asset", "a"), "leave out --asset"),
        (("credential", "create", "--kind", "backend"), "--fleet --tenant"),
        (("credential", "revoke", "nobody"), "no credential 'nobody'"),
        (("credential", "limits", "nobody", "--rate", "0"), "above 0"),
        (("jwt", "--user", "u", "--fleet", "acme", "--fleet", "other"), "not all fleets of the tenant"),
        (("jwt", "--fleet", "acme"), "needs --user"),
        (("jwt", "--user", "u"), "--fleet or --tenant"),
        (("jwt", "--sub-channel", "order:acme/A-1", "--fleet", "acme"), "opens --sub-channel alone"),
        (("jwt", "--user", "u", "--fleet", "acme", "--capability", "order:acme/*=read"), "sub,pub,prs,hst"),
        (("jwt", "--user", "u", "--fleet", "acme", "--capability", "order:ac*=sub"), "a whole part"),
        (("jwt", "--user", "u", "--fleet", "acme", "--algorithm", "ES256"), "needs --key-file"),
        (("jwt", "--user", "u", "--fleet", "acme", "--kid", "k"), "leave out --key-file and --kid"),
        (("jwt", "--user", "u", "--fleet", "acme", "--algorithm", "RS256", "--key-file", "/none"), "cannot be read"),
        (("jwt", "--user", "u", "--fleet", "acme", "--algorithm", "RS256", "--key-file", __file__), "not a private"),
    ],
)
def test_mistakes_are_told_in_one_line(commands: Commands, arguments: tuple[str, ...], said: str) -> None:
    ended = commands.run(*arguments)
    assert ended.returncode in (1, 2)
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_settings_and_outages_are_told_without_secrets(commands: Commands) -> None:
    commands.environment["FLEETCAST_POSTGRES_URL"] = "postgresql://u:hidden-word@127.0.0.1:9/none"
    ended = commands.run_as_process("credential", "list")
    assert ended.returncode == 1
    assert ended.stderr.startswith("PostgreSQL: ")
    assert "hidden-word" not in ended.stderr
    commands.environment.pop("FLEETCAST_POSTGRES_URL")
    ended = commands.run("credential", "list")
    assert ended.returncode == 2
    assert "FLEETCAST_POSTGRES_URL: is required" in ended.stderr
