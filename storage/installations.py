"""What an app says of itself when it registers, and why it may be refused."""

import msgspec

from domain.installation import ApnsEnvironment, Installation, Platform, Provider


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What an app registers as the installation `id`."""

    tenant: str
    id: str
    user: str
    provider: Provider
    platform: Platform
    push_token: str
    environment: ApnsEnvironment | None = None
    app: str | None = None
    model: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    locale: str | None = None


class Registered(msgspec.Struct, frozen=True):
    """What came of it."""

    installation: Installation
    created: bool
    """It was not there before."""


class TooManyInstallations(Exception):
    """The user has as many as one may have."""


class InstallationTaken(Exception):
    """It is another user's, and came with another push token than that one's: it may be another device."""
