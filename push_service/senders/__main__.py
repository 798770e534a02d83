"""`python -m push_service.senders`: serves the outboxes of some providers; start more to share them.

`python -m push_service.senders redrive ...`: puts dead letters back into an outbox.
"""

import asyncio
import os
import sys

from backbone.codec import AvroCodec
from backbone.kafka_settings import KafkaSettings
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topics import PUSH_RECEIPTS
from push_service.senders.channel import Channels
from push_service.senders.providers import OPENINGS, SECTIONS
from push_service.senders.redrive_command import main as redrive
from push_service.senders.settings import SendersSettings
from runtime.collector import calm_collector
from runtime.http.probes import add_probes
from runtime.http.server import AdminSettings, HttpService, new_app
from runtime.process import Process, run_process
from runtime.settings import Loaded, Section, SettingsError, load_sections
from storage.postgres.engine import open_sync_engine
from storage.postgres.push_decisions import PushDecisions
from storage.postgres.push_targets import PostgresPushTargets
from storage.postgres.settings import PostgresSettings

NAME = "push_service.senders"
ALWAYS = (AdminSettings, KafkaSettings, RegistrySettings, PostgresSettings, SendersSettings)


async def compose(settings: Loaded, process: Process) -> None:
    """Builds the adapters and adds the services."""
    senders, admin = settings[SendersSettings], settings[AdminSettings]
    app = new_app()
    add_probes(app, process.health, process.registry)
    process.add(HttpService("admin", app, admin.host, admin.port))

    engine = open_sync_engine(settings[PostgresSettings], NAME)
    process.resources.callback(engine.dispose)
    registry = SchemaRegistry.of(settings[RegistrySettings])
    process.resources.callback(registry.close)
    codec = AvroCodec(registry)
    await asyncio.to_thread(codec.prepare, [PUSH_RECEIPTS])
    channels = Channels(
        process,
        kafka=settings[KafkaSettings],
        senders=senders,
        codec=codec,
        decisions=PushDecisions(engine),
        targets=PostgresPushTargets(engine),
    )
    for provider in senders.providers:
        channels.add(provider, await OPENINGS[provider](settings, process.resources))
    calm_collector()


def sections() -> list[type[Section]]:
    """The settings of this process: of providers, of those alone that it serves."""
    try:
        providers = load_sections(SendersSettings)[SendersSettings].providers
    except SettingsError:  # it will be told, together with whatever else is wrong
        given = os.environ.get(SendersSettings.variable("providers"), "")
        providers = [each.strip() for each in given.split(",")]
    return [*ALWAYS, *(SECTIONS[provider] for provider in SECTIONS if provider in providers)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["redrive"]:
        sys.exit(redrive(sys.argv[2:], say=print))
    run_process(NAME, sections(), compose)
