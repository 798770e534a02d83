"""`python -m devstack`: run, end and look at the local stack."""

import argparse
import sys
from pathlib import Path

from devstack import infra, lifecycle
from devstack.supervisor import supervise

VAR = Path(__file__).resolve().parents[1] / "var"


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Returns the exit code of the command."""
    if sys.argv[1:2] == ["replay"]:  # has options of its own
        from devstack.replay.__main__ import main as replay  # noqa: PLC0415

        return replay(sys.argv[2:])
    arguments = _parser().parse_args()
    if arguments.command == "infra":
        return infra.serve(arguments.directory, arguments.owner, arguments.brokers)
    return _lifecycle(arguments)


def _lifecycle(arguments: argparse.Namespace) -> int:
    directory: Path = arguments.directory
    match arguments.command:
        case "run":
            return supervise(directory, brokers=arguments.brokers, fleet=True, suite=arguments.protocol_suite, say=say)
        case "supervise":
            return supervise(directory, brokers=arguments.brokers, fleet=False, suite=arguments.protocol_suite, say=say)
        case "up":
            return lifecycle.up(directory, brokers=arguments.brokers, suite=arguments.protocol_suite, say=say)
        case "down":
            return lifecycle.down(directory, say=say)
        case _:
            return lifecycle.status(directory, say=say)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in (
        ("run", "all of it in the foreground, with a simulated fleet, until Ctrl-C"),
        ("up", "the same in the background, without the fleet; returns when all is ready"),
        ("down", "end what `up` or `run` started"),
        ("status", "what runs, and where"),
        ("supervise", "what `up` leaves in the background"),
        ("infra", "Kafka, Valkey, PostgreSQL and the registry alone, as long as another process lives"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--directory", type=Path, default=VAR, help="where its state is kept (var)")
        if name in {"run", "up", "supervise", "infra"}:
            command.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="Kafka nodes (1)")
        if name in {"run", "up", "supervise"}:
            command.add_argument(
                "--protocol-suite",
                action="store_true",
                help="the gateway on port 8000, as open as the test suites of the official clients need it",
            )
        if name == "infra":
            command.add_argument("--owner", type=int, required=True, help="process id to live as long as")
    commands.add_parser("replay", help="send a recorded CSV through the public API; see `replay --help`")
    return parser


if __name__ == "__main__":
    sys.exit(main())
