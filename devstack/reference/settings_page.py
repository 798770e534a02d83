"""`docs/settings.md`: every setting, from the sections that the rooms declare."""

import inspect

from access.settings import AccessSettings, CredentialsSettings
from backbone.kafka_settings import KafkaSettings
from backbone.registry_settings import RegistrySettings
from control_api.settings import ControlSettings
from devstack.reference.markdown import code, page, table
from ingest.grpc_api.settings import GrpcSettings
from ingest.settings import IngestSettings
from push_service.dispatcher.settings import DispatcherSettings
from push_service.gateway.http_streams.settings import StreamSettings
from push_service.gateway.server_api.settings import ServerApiSettings
from push_service.gateway.settings import GatewaySettings
from push_service.recorder.settings import RecorderSettings
from push_service.senders.providers import SECTIONS as PROVIDERS
from push_service.senders.settings import SendersSettings
from push_service.tasks.settings import TasksSettings
from runtime.http.server import AdminSettings
from runtime.logging import LogSettings
from runtime.process import ProcessSettings
from runtime.settings import Section, SettingDoc, describe
from storage.notification_types import NotificationsSettings
from storage.postgres.settings import PostgresSettings
from storage.redis.settings import RedisSettings
from stream_processors.address.settings import AddressSettings
from stream_processors.enrich.settings import EnrichSettings
from stream_processors.route.settings import RouteSettings

SECTIONS: tuple[type[Section], ...] = (
    LogSettings,
    ProcessSettings,
    AdminSettings,
    KafkaSettings,
    RegistrySettings,
    RedisSettings,
    PostgresSettings,
    AccessSettings,
    CredentialsSettings,
    NotificationsSettings,
    IngestSettings,
    GrpcSettings,
    EnrichSettings,
    RouteSettings,
    AddressSettings,
    RecorderSettings,
    DispatcherSettings,
    ControlSettings,
    GatewaySettings,
    ServerApiSettings,
    StreamSettings,
    SendersSettings,
    *PROVIDERS.values(),
    TasksSettings,
)

_INTRO = """\
Settings come from the environment: `FLEETCAST_SECTION_NAME`. Any of them can also be given as the path of a file
that holds the value, `FLEETCAST_SECTION_NAME_FILE`, which is how secrets are meant to arrive. All are checked when
a process starts, and every problem is told at once; `python -m PROCESS --check` only checks. An unknown name in a
section that a process uses is a problem too, so that a typing error does not pass for a default."""


def settings_page() -> str:
    """The page's text."""
    return page("Settings", _INTRO, *(_section(section) for section in SECTIONS))


def _section(section: type[Section]) -> str:
    rows = (_row(doc) for doc in describe(section))
    what = inspect.cleandoc(section.__doc__ or "")
    return f"## {section.section_name}\n\n{what}\n\n{table(('variable', 'type', 'default', 'what'), rows)}"


def _row(doc: SettingDoc) -> tuple[str, ...]:
    default = "required" if doc.default is None else code(doc.default)
    return (code(doc.name), f"{doc.type}, secret" if doc.secret else doc.type, default, doc.description)
