"""The providers that this process can serve: one line each."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType

from push_service.senders.apns import open_apns
from push_service.senders.apns_settings import ApnsSettings
from push_service.senders.fcm import open_fcm
from push_service.senders.fcm_settings import FcmSettings
from push_service.senders.sender import Sender
from push_service.senders.sns import open_sns
from push_service.senders.webpush import open_webpush
from push_service.senders.webpush_settings import WebPushSettings
from push_service.sns.settings import SnsSettings
from runtime.settings import Loaded, Section

Opening = Callable[[Loaded, AsyncExitStack], Awaitable[Sender]]
"""Makes a provider's sender of its settings; it is closed with the stack."""

SECTIONS: Mapping[str, type[Section]] = MappingProxyType(
    {"fcm": FcmSettings, "apns": ApnsSettings, "sns": SnsSettings, "webpush": WebPushSettings}
)
OPENINGS: Mapping[str, Opening] = MappingProxyType(
    {
        "fcm": lambda settings, resources: open_fcm(settings[FcmSettings], resources),
        "apns": lambda settings, resources: open_apns(settings[ApnsSettings], resources),
        "sns": lambda settings, resources: open_sns(settings[SnsSettings], resources),
        "webpush": lambda settings, resources: open_webpush(settings[WebPushSettings], resources),
    }
)
