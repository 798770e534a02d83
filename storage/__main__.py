"""Commands on stored data: `python -m storage migrate`."""

import argparse
import sys

from sqlalchemy.exc import OperationalError

from runtime.settings import SettingsError, load_sections
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings


def main() -> int:
    """Runs the command; 0 if done, 1 if PostgreSQL would not, 2 if the settings are wrong."""
    parser = argparse.ArgumentParser(prog="python -m storage", description="Commands on stored data.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database of FLEETCAST_POSTGRES_URL to this version's schema")
    parser.parse_args()
    try:
        settings = load_sections(PostgresSettings)[PostgresSettings]
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    try:
        done = migrate(settings)
    except OperationalError as error:
        print(f"PostgreSQL: {str(error.orig).strip()}", file=sys.stderr)
        return 1
    for line in done:
        print(f"migrated to {line}")
    if not done:
        print("nothing to migrate: the schema is current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
