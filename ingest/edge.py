"""What the APIs of ingest share: whoever is limited, counted and checked is so once, whichever way he comes."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from access.authenticator import Authenticator
from domain.notification_types import NotificationTypes
from ingest.admission import Admission
from ingest.event_times import Clock, EventTimes
from ingest.metrics import IngestMetrics
from ingest.notification_intake import NotificationIntake
from ingest.publishing import EventPublisher
from ingest.settings import IngestSettings
from runtime.http.byte_budget import ByteBudget


@dataclass(frozen=True)
class Edge:
    """The parts that HTTP and gRPC have in common."""

    settings: IngestSettings
    admission: Admission
    budget: ByteBudget
    publisher: EventPublisher
    metrics: IngestMetrics
    times: EventTimes
    notifications: NotificationIntake
    now: Clock


def build_edge(
    settings: IngestSettings,
    *,
    authenticator: Authenticator,
    publisher: EventPublisher,
    types: NotificationTypes,
    registry: CollectorRegistry,
    now: Clock,
) -> Edge:
    """Puts the shared parts together."""
    times = EventTimes(settings)
    return Edge(
        settings=settings,
        admission=Admission(authenticator, settings),
        budget=ByteBudget(settings.bodies_bytes),
        publisher=publisher,
        metrics=IngestMetrics(registry),
        times=times,
        notifications=NotificationIntake(settings, times, types),
        now=now,
    )
