"""`python -m push_service.tasks TASK [--dry-run]`: scheduled tasks, for cron or a Kubernetes CronJob.

Exit codes: 0 done, 1 something is away (what was done stays done: run it again), 2 wrong arguments or settings, 130
stopped by Ctrl-C.
"""

import argparse
import sys
import time
from collections.abc import Iterable

from backbone.codec import AvroCodec
from backbone.kafka_settings import KafkaSettings
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from domain.errors import OutageError
from domain.reference import ReferenceRecord
from push_service.tasks.progress import Progress
from push_service.tasks.reference import read_reference
from push_service.tasks.settings import TasksSettings
from push_service.tasks.table import TASKS
from push_service.tasks.task import Tools
from runtime.logging import LogSettings, configure_logging
from runtime.settings import Loaded, SettingsError, load_sections
from storage.postgres.engine import open_sync_engine
from storage.postgres.settings import PostgresSettings

EXIT_AWAY = 1
EXIT_SETTINGS = 2
EXIT_STOPPED = 130


def main() -> int:
    """Runs one task; see above for what is returned."""
    parser = argparse.ArgumentParser(prog="python -m push_service.tasks", description="Scheduled tasks of Fleetcast.")
    parser.add_argument(
        "task", choices=TASKS, metavar="TASK", help="; ".join(f"{k}: {t.help}" for k, t in TASKS.items())
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--check", action="store_true", help="check the settings that the task needs, and exit")
    arguments = parser.parse_args()
    task = TASKS[arguments.task]
    try:
        settings = load_sections(LogSettings, PostgresSettings, TasksSettings, *task.sections)
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return EXIT_SETTINGS
    if arguments.check:
        print("ok")
        return 0
    configure_logging(settings[LogSettings], process=f"task {arguments.task}")
    return _run(arguments.task, settings, dry_run=arguments.dry_run)


def _run(name: str, settings: Loaded, *, dry_run: bool) -> int:
    tasks = settings[TasksSettings]
    postgres = settings[PostgresSettings].model_copy(update={"statement_seconds": tasks.statement_seconds})
    engine = open_sync_engine(postgres, f"task {name}")
    progress = Progress(lambda line: print(f"{name}: {line}", flush=True), dry_run=dry_run)

    def reference() -> Iterable[ReferenceRecord]:
        registry = SchemaRegistry.of(settings[RegistrySettings])
        try:
            yield from read_reference(TopicScan(settings[KafkaSettings]), AvroCodec(registry))
        finally:
            registry.close()

    try:
        TASKS[name].run(Tools(settings, tasks, engine, reference, time.time_ns() // 1000), progress)
    except OutageError as error:
        print(f"{name}: {error}; what was done stays done, run it again", file=sys.stderr)
        return EXIT_AWAY
    except KeyboardInterrupt:
        print(f"{name}: stopped; what was done stays done", file=sys.stderr)
        return EXIT_STOPPED
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
