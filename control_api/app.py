"""The HTTP interface of control_api: which path leads to what."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy.ext.asyncio import AsyncEngine

from access.authenticator import Authenticator
from access.revocations import Revocations
from access.tokens import TokenVerifier
from backbone.publishing import AsyncPublishing
from control_api.backend_door import BackendDoor
from control_api.cors import allow_origins
from control_api.deliveries.routes import DeliveryDesk, delivery_routes
from control_api.inbox.changes import InboxChanges
from control_api.inbox.reading import InboxReading
from control_api.inbox.routes import inbox_routes
from control_api.installations.routes import InstallationDesk, installation_routes
from control_api.interests.routes import InterestDesk, interest_routes
from control_api.openapi import openapi_document
from control_api.operators.page import add_page
from control_api.people.routes import PeopleDesk, people_routes
from control_api.preferences.body import PreferencesBody
from control_api.preferences.routes import PreferencesDesk, preference_routes
from control_api.rates import Rate
from control_api.route import Route
from control_api.serving import Server
from control_api.settings import ControlSettings
from control_api.user_door import UserDoor
from control_api.user_news import Encoder, UserNews
from domain.instants import Micros
from domain.notification_types import NotificationTypes
from runtime.fail_points import Reached, never
from runtime.health import Health
from runtime.http.body_reader import BodyReader
from runtime.http.byte_budget import ByteBudget
from runtime.http.probes import add_probes
from runtime.http.request_counting import count_requests
from runtime.http.server import new_app
from storage.notices import PreferencesCache
from storage.postgres.followers import Followers
from storage.postgres.inbox import Inboxes
from storage.postgres.installations import Installations
from storage.postgres.preferences import Preferences
from storage.postgres.push_decisions import AsyncPushDecisions
from storage.postgres.timeline import Timelines
from storage.postgres.told_users import ToldUsers
from storage.presence import PresenceStore


class Adapters(NamedTuple):
    """What control_api works with."""

    engine: AsyncEngine
    presence: PresenceStore
    preferences_cache: PreferencesCache
    publisher: AsyncPublishing
    encoder: Encoder
    tokens: TokenVerifier
    revocations: Revocations
    revocations_known: Callable[[], bool]
    authenticator: Authenticator
    types: NotificationTypes
    now: Callable[[], Micros]
    reached: Reached = never


def build_routes(settings: ControlSettings, adapters: Adapters) -> list[Route]:
    """Every route that asks who is there."""
    most = settings.limited_callers
    users = UserDoor(
        adapters.tokens,
        adapters.revocations,
        Rate(settings.user_rate, settings.user_burst, most),
        adapters.revocations_known,
    )
    backends = BackendDoor(adapters.authenticator, Rate(settings.backend_rate, settings.backend_burst, most))
    engine = adapters.engine
    news = UserNews(adapters.publisher, adapters.encoder, adapters.now)
    inboxes, followers = Inboxes(engine), Followers(engine)
    reading = InboxReading(inboxes, settings)
    changes = InboxChanges(inboxes, AsyncPushDecisions(engine), reading, news, settings, adapters.reached)
    typing = Rate(settings.typing_rate, settings.typing_burst, most)
    return [
        *inbox_routes(users, reading, changes, settings),
        *installation_routes(users, InstallationDesk(Installations(engine), settings, adapters.now), settings),
        *interest_routes(users, InterestDesk(followers, settings), settings),
        *preference_routes(
            users,
            PreferencesDesk(Preferences(engine), adapters.preferences_cache, adapters.now),
            PreferencesBody(adapters.types),
        ),
        *people_routes(users, PeopleDesk(followers, adapters.presence, news, typing)),
        *delivery_routes(backends, DeliveryDesk(Timelines(engine), ToldUsers(engine, adapters.now), adapters.now)),
    ]


def build_app(
    settings: ControlSettings, adapters: Adapters, health: Health, registry: CollectorRegistry
) -> web.Application:
    """The application, to be served."""
    app = new_app()
    requests = Counter(
        "fleetcast_control_requests_total",
        "Requests by route and status of the answer.",
        ["route", "status"],
        registry=registry,
    )
    app.middlewares.insert(0, count_requests(requests))
    app.middlewares.insert(0, allow_origins(frozenset(settings.allowed_origins)))
    routes = build_routes(settings, adapters)
    Server(BodyReader(settings, ByteBudget(settings.bodies_bytes)), settings.requests).add(app, routes)
    app.router.add_get("/v1/openapi.json", _serve_openapi(routes))
    add_page(app)
    add_probes(app, health, registry)
    return app


def _serve_openapi(routes: list[Route]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    body = msgspec.json.format(msgspec.json.encode(openapi_document(routes)))

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return openapi
