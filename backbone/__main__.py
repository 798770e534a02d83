"""`python -m backbone topics plan|apply` and `python -m backbone schemas check|release|register`.

Steps of a deployment. Each may be repeated. They exit 0; 1 when something is refused or away; 2 for wrong settings.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from backbone.kafka_settings import KafkaSettings
from backbone.registry import SchemaRefused, SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.schema_files import SchemaFileError, SchemaFiles
from backbone.schema_registration import NotReleased, register_schemas
from backbone.schema_rules import faults_of
from backbone.topic_admin import TopicAdmin, TopicRefused
from backbone.topic_plan import BROKER_DEFAULT, TopicOptionError, TopicOptions, plan_topics
from backbone.topics import DEAD_LETTERS, RETRIES, TOPICS
from domain.errors import OutageError
from runtime.settings import SettingsError, load_sections

TABLE = (*(topic for topic in TOPICS if topic.record is not None), *DEAD_LETTERS, *RETRIES)
"""The topics that are made: those without a record wait for their first writer."""
PAUSE_SECONDS = 0.5
Result = TypeVar("Result")


def main() -> None:
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.command(arguments))
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
        sys.exit(2)
    except (OutageError, TopicRefused, SchemaRefused, NotReleased, SchemaFileError, TopicOptionError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def topics(arguments: argparse.Namespace) -> int:
    """Print what the cluster lacks of the table; with `apply`, make it so."""
    settings = load_sections(KafkaSettings)[KafkaSettings]
    options = TopicOptions(dict(arguments.partitions), arguments.replication_factor, arguments.min_insync_replicas)
    admin = TopicAdmin(settings)
    plan = _while_away(
        lambda: plan_topics(TABLE, admin.cluster_topics(topic.name for topic in TABLE), options), arguments.wait
    )
    for line in (*plan.steps, *(f"refused: {refusal}" for refusal in plan.refusals)):
        print(line)
    if plan.refusals:
        return 1
    if not plan.steps:
        print(f"nothing to do: all {len(TABLE)} topics are as in the table")
    elif arguments.apply:
        _while_away(lambda: admin.apply(plan), arguments.wait)
        print(f"done: {len(plan.creations)} created, {len(plan.changes)} changed")
    return 0


def check_schemas(arguments: argparse.Namespace) -> int:  # noqa: ARG001  a command takes the arguments
    """Check all schemas offline: the house rules, and each against all its released versions."""
    files = SchemaFiles()
    failed = False
    for record in files.records():
        faults = faults_of(files, record)
        failed = failed or bool(faults)
        for fault in faults:
            print(fault)
        if not faults:
            hint = "" if files.is_released(record) else ", not released yet: run `python -m backbone schemas release`"
            print(f"{record}: ok, compatible with {len(files.released(record))} released{hint}")
    return 1 if failed else 0


def release_schemas(arguments: argparse.Namespace) -> int:
    """Add each schema that has changed as its next released version, if all of them pass the check."""
    if check_schemas(arguments):
        return 1
    files = SchemaFiles()
    for record in files.records():
        if not files.is_released(record):
            print(f"{record}: released as version {files.release(record)}; commit it")
    return 0


def register(arguments: argparse.Namespace) -> int:
    """Register the released schemas of all topics."""
    settings = load_sections(RegistrySettings)[RegistrySettings]
    registry = SchemaRegistry.of(settings)
    for line in _while_away(lambda: register_schemas(registry, TABLE, SchemaFiles()), arguments.wait):
        print(line)
    return 0


def _while_away(work: Callable[[], Result], seconds: float) -> Result:
    """Try again until it succeeds or the time is over: on a fresh machine everything starts at once."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except OutageError as error:
            if time.monotonic() > deadline:
                raise
            print(f"waiting: {error}", file=sys.stderr)
            time.sleep(PAUSE_SECONDS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backbone", description=__doc__.partition("\n")[0])
    rooms = parser.add_subparsers(required=True, metavar="topics|schemas")
    topic_commands = rooms.add_parser("topics", help="the cluster's topics").add_subparsers(required=True)
    for name, text in (("plan", "print what the cluster lacks"), ("apply", "make it so")):
        command = topic_commands.add_parser(name, help=text)
        command.set_defaults(command=topics, apply=name == "apply")
        command.add_argument("--partitions", type=_count_of_topic, action="append", default=[], metavar="TOPIC=N")
        command.add_argument("--replication-factor", type=int, default=BROKER_DEFAULT, metavar="N")
        command.add_argument("--min-insync-replicas", type=int, metavar="N")
        _add_wait(command, "Kafka")
    schema_commands = rooms.add_parser("schemas", help="the Avro schemas").add_subparsers(required=True)
    schema_commands.add_parser("check", help="check them offline").set_defaults(command=check_schemas)
    schema_commands.add_parser("release", help="keep the changed ones").set_defaults(command=release_schemas)
    command = schema_commands.add_parser("register", help="register them")
    command.set_defaults(command=register)
    _add_wait(command, "the registry")
    return parser


def _add_wait(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--wait", type=float, default=30.0, metavar="SECONDS", help=f"how long to wait for {what} (default: 30)"
    )


def _count_of_topic(text: str) -> tuple[str, int]:
    topic, _, count = text.partition("=")
    try:
        return topic, int(count)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expected TOPIC=N") from error


if __name__ == "__main__":
    main()
