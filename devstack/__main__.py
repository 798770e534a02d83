"""`python -m devstack`: run, end and look at the local stack."""

import argparse
import sys
from pathlib import Path

from devstack import infra


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("infra", help="infrastructure for another process, as long as that lives")
    command.add_argument("--directory", type=Path, required=True)
    command.add_argument("--owner", type=int, required=True, help="end when this process is gone")
    command.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    arguments = parser.parse_args()
    return infra.serve(arguments.directory, arguments.owner, arguments.brokers)


if __name__ == "__main__":
    sys.exit(main())
