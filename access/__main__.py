"""Commands on credentials and tokens: `python -m access --help`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

from access import printing
from access.arguments import parser
from access.commands import CommandError, create, list_all, revoke, set_limits
from access.jwt_command import make_jwt
from access.settings import AccessSettings
from domain.errors import OutageError
from runtime.settings import SettingsError, load_sections
from storage.postgres.credentials import PostgresCredentials
from storage.postgres.engine import open_engine
from storage.postgres.settings import PostgresSettings

PRINTERS: dict[str, Callable[[Any], str]] = {
    "create": printing.created,
    "list": printing.listed,
    "revoke": printing.revoked,
    "limits": printing.limited,
    "jwt": lambda answer: answer["token"],
}


def main() -> int:
    """Runs a command; 0 if done, 1 if it cannot be done, 2 if arguments or settings are wrong."""
    asked = parser().parse_args()
    try:
        answer = _jwt(asked) if asked.command == "jwt" else asyncio.run(_on_credentials(asked))
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    except (CommandError, OutageError) as error:
        print(error, file=sys.stderr)
        return 1
    print(msgspec.json.encode(answer).decode() if asked.json else PRINTERS[asked.command](answer))
    return 0


def _jwt(asked: argparse.Namespace) -> dict[str, Any]:
    settings = load_sections(AccessSettings)[AccessSettings]
    return make_jwt(settings, asked, _now())


async def _on_credentials(asked: argparse.Namespace) -> Any:
    engine = open_engine(load_sections(PostgresSettings)[PostgresSettings], "fleetcast access")
    store = PostgresCredentials(engine)
    try:
        match asked.command:
            case "create":
                return await create(store, asked, _now())
            case "list":
                return await list_all(store, asked, _now())
            case "revoke":
                return await revoke(store, asked)
            case _:
                return await set_limits(store, asked)
    finally:
        await engine.dispose()


def _now() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    sys.exit(main())
