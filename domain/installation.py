"""Installations: an app on a phone or in a browser, with the push token by which it is reached."""

import enum

import msgspec

from domain.instants import Micros


class Platform(enum.StrEnum):
    """What an installation runs on."""

    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


class Provider(enum.StrEnum):
    """Who reaches it."""

    FCM = "fcm"
    APNS = "apns"
    SNS = "sns"
    WEBPUSH = "webpush"


class ApnsEnvironment(enum.StrEnum):
    """Which of Apple's two services knows a push token."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """One installation. Its id is the app's own, unique within the tenant."""

    tenant: str
    id: str
    user: str
    provider: Provider
    platform: Platform
    push_token: str
    token_at: Micros
    """When this push token was registered."""
    environment: ApnsEnvironment | None = None
    """None: unknown yet; of APNs only."""
    app: str | None = None
    model: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    locale: str | None = None
    created_at: Micros
    refreshed_at: Micros
    disabled_at: Micros | None = None
    disabled_reason: str | None = None
