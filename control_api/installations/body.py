"""What an installation looks like in JSON, coming and going."""

from typing import Any

from access.viewer import Viewer
from control_api.installations.push_tokens import CHECKS, subscription_token
from control_api.settings import ControlSettings
from domain.installation import ApnsEnvironment, Installation, Platform, Provider
from domain.instants import format_rfc3339
from runtime.http.faults import fault
from runtime.http.json_problems import BAD_SHAPE
from runtime.http.shape import Field, Shape
from runtime.http.value_checks import one_of, text_of
from storage.installations import Registration

_PLATFORMS = {
    Provider.FCM: frozenset(Platform),
    Provider.APNS: frozenset({Platform.IOS}),
    Provider.SNS: frozenset({Platform.ANDROID, Platform.IOS}),
    Provider.WEBPUSH: frozenset({Platform.WEB}),
}
_MAX_TEXT = 128
_NAME = text_of(1, _MAX_TEXT)
_NAME_SCHEMA = {"type": "string", "minLength": 1, "maxLength": _MAX_TEXT}
_KEY = text_of(1, 256)
_KEY_SCHEMA = {"type": "string", "maxLength": 256}

_KEYS = Shape(
    "SubscriptionKeys",
    "The keys of a Web Push subscription, base64url.",
    Field("p256dh", _KEY, _KEY_SCHEMA, "The browser's public key.", required=True),
    Field("auth", _KEY, _KEY_SCHEMA, "The secret of its messages.", required=True),
)
_SUBSCRIPTION = Shape(
    "Subscription",
    "A Web Push subscription, as PushSubscription.toJSON() gives it.",
    Field("endpoint", text_of(1, 2_048), {"type": "string", "maxLength": 2_048}, "Where to send.", required=True),
    Field("keys", _KEYS.read, _KEYS.schema(), "Its keys.", required=True),
    Field("expirationTime", lambda value: value, {"type": "number"}, "Not looked at."),
)
INSTALLATION = Shape(
    "Installation",
    "An app on a device.",
    Field("provider", one_of([*Provider]), {"type": "string", "enum": [*Provider]}, "Who reaches it.", required=True),
    Field("platform", one_of([*Platform]), {"type": "string", "enum": [*Platform]}, "Where it runs.", required=True),
    Field(
        "push_token",
        text_of(1, 4_096),
        {"type": "string", "maxLength": 4_096},
        "The provider's address of it. Not of webpush.",
    ),
    Field("subscription", _SUBSCRIPTION.read, _SUBSCRIPTION.schema(), "Of webpush, in place of a push token."),
    Field(
        "environment",
        one_of([*ApnsEnvironment]),
        {"type": "string", "enum": [*ApnsEnvironment]},
        "Of apns: which of Apple's services knows the token. Without it, both are tried.",
    ),
    Field("app", _NAME, _NAME_SCHEMA, "The app's identifier, such as com.acme.driver; of apns its topic."),
    Field("model", _NAME, _NAME_SCHEMA, "The device's model."),
    Field("os_version", _NAME, _NAME_SCHEMA, "Of its operating system."),
    Field("app_version", _NAME, _NAME_SCHEMA, "Of the app."),
    Field("locale", _NAME, _NAME_SCHEMA, "Such as de-DE."),
)
_OUT = ("id", "provider", "platform", "environment", "app", "model", "os_version", "app_version", "locale")
_INSTANTS = ("created_at", "refreshed_at", "disabled_at")
REGISTERED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An installation. Its push token is not shown.",
    "properties": {
        **{name: {"type": ["string", "null"]} for name in _OUT},
        **{name: {"type": ["string", "null"], "format": "date-time"} for name in _INSTANTS},
        "disabled_reason": {"type": ["string", "null"], "description": "Why nothing is pushed to it."},
    },
}


class InstallationBody:
    """What the body of a registration must look like: the shape, and that its parts fit together."""

    name = INSTALLATION.name

    def __init__(self, settings: ControlSettings) -> None:
        self._hosts = frozenset(settings.webpush_hosts)

    def schema(self) -> dict[str, Any]:
        """See Shape."""
        return INSTALLATION.schema()

    def read(self, value: Any) -> dict[str, Any]:
        """The fields, with the push token of every provider in `push_token`. Raises Faults."""
        fields = INSTALLATION.read(value)
        provider, platform = Provider(fields["provider"]), Platform(fields["platform"])
        if platform not in _PLATFORMS[provider]:
            raise fault(BAD_SHAPE, f"{provider} does not reach {platform}", "/platform")
        if "environment" in fields and provider is not Provider.APNS:
            raise fault(BAD_SHAPE, "environment is of apns only", "/environment")
        subscribed = provider is Provider.WEBPUSH
        wanted, other = ("subscription", "push_token") if subscribed else ("push_token", "subscription")
        if other in fields:
            raise fault(BAD_SHAPE, f"{provider} takes {wanted}, not {other}", f"/{other}")
        if wanted not in fields:
            raise fault(BAD_SHAPE, f"{provider} needs {wanted}", f"/{wanted}")
        if subscribed:
            fields["push_token"] = subscription_token(fields.pop("subscription"), self._hosts)
        else:
            CHECKS[provider](fields["push_token"])
        return fields


def registration(viewer: Viewer, installation_id: str, fields: dict[str, Any]) -> Registration:
    """What the fields of a body register."""
    environment = fields.pop("environment", None)
    return Registration(
        tenant=viewer.tenant,
        id=installation_id,
        user=viewer.user,
        provider=Provider(fields.pop("provider")),
        platform=Platform(fields.pop("platform")),
        environment=None if environment is None else ApnsEnvironment(environment),
        **fields,
    )


def installation_json(installation: Installation) -> dict[str, Any]:
    """As REGISTERED_SCHEMA says."""
    instants = {name: getattr(installation, name) for name in _INSTANTS}
    return {
        **{name: getattr(installation, name) for name in _OUT},
        **{name: None if at is None else format_rfc3339(at) for name, at in instants.items()},
        "disabled_reason": installation.disabled_reason,
    }
