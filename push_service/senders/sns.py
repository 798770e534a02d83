"""Amazon SNS: endpoints of its platform applications.

Requests are signed here and sent by aiohttp, not by boto3 in threads: a call of boto3 costs 1.6 ms of CPU time, and a
thread for as long as SNS takes.
"""

import re
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

import aiohttp

from domain.installation import ApnsEnvironment, Platform
from domain.push_request import PushRequest
from push_service.senders.aws_credentials import NoCredentials, credentials_of
from push_service.senders.aws_signature import Signer
from push_service.senders.payloads.shrink import PayloadTooLarge
from push_service.senders.payloads.sns import sns_message
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    OurFault,
    Outcome,
    Sender,
    Temporary,
    TokenMoved,
    TooLarge,
)
from push_service.senders.sns_answers import sns_error, sns_outcome
from push_service.senders.sns_wire import SnsAnswer, SnsWire
from push_service.sns.arns import APNS, APNS_SANDBOX, GCM, PLATFORMS, endpoint_platform
from push_service.sns.settings import SnsSettings

CONNECT_SECONDS = 5.0
_EXISTS = re.compile(r"Endpoint (arn:\S+) already exists", re.ASCII)


class SnsSender:
    """A Sender. Push tokens are ARNs of endpoints. For another one, a token of FCM or APNs, an endpoint is made in the
    platform's application, which then takes its place (TokenMoved).
    """

    def __init__(self, wire: SnsWire, applications: Mapping[str, str]) -> None:
        self._wire = wire
        self._applications = applications

    async def send(self, push: PushRequest) -> Outcome:
        """See Sender."""
        try:
            return await self._told(push)
        except PayloadTooLarge as error:
            return TooLarge(str(error))
        except NoCredentials as error:
            return Misconfigured("no-credentials", str(error))
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
            return Misconfigured("tls", "who answers at SNS's address is not SNS, or not trusted")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Temporary("cannot-connect")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Ambiguous("connection-broken")

    async def close(self) -> None:
        """See Sender."""
        await self._wire.close()

    async def _told(self, push: PushRequest) -> Outcome:
        platform = endpoint_platform(push.push_token)
        if platform is None:
            return await self._register(push)
        return await self._publish(push, push.push_token, platform)

    async def _publish(self, push: PushRequest, endpoint: str, platform: str) -> Outcome:
        if platform not in PLATFORMS:
            return OurFault("unknown-platform", platform)
        message = sns_message(push, platform, time.time_ns() // 1000)
        return sns_outcome(await self._wire.call("Publish", {"TargetArn": endpoint, **message}))

    async def _register(self, push: PushRequest) -> Outcome:
        platform = _platform_of(push)
        application = self._applications.get(platform)
        if application is None:
            return Misconfigured("no-application", f"no platform application of {platform} is set", stops=False)
        made = await self._wire.call(
            "CreatePlatformEndpoint", {"PlatformApplicationArn": application, "Token": push.push_token}
        )
        endpoint = _endpoint_in(made)
        if endpoint is None:
            return sns_error(made)
        # It may be one that was made before, and disabled since: this token was registered again, so it is good.
        enabled = await self._wire.call(
            "SetEndpointAttributes",
            {
                "EndpointArn": endpoint,
                "Attributes.entry.1.key": "Enabled",
                "Attributes.entry.1.value": "true",
                "Attributes.entry.2.key": "Token",
                "Attributes.entry.2.value": push.push_token,
            },
        )
        if not enabled.ok:
            return sns_error(enabled)
        outcome = await self._publish(push, endpoint, endpoint_platform(endpoint) or "")
        return TokenMoved(endpoint, outcome.provider_id) if isinstance(outcome, Accepted) else outcome


def _platform_of(push: PushRequest) -> str:
    if push.platform != Platform.IOS:
        return GCM
    return APNS_SANDBOX if push.environment == ApnsEnvironment.SANDBOX else APNS


def _endpoint_in(made: SnsAnswer) -> str | None:
    """SNS answers an error when there is one with other attributes; it names it in the text."""
    if made.ok:
        return made.text("EndpointArn")
    found = _EXISTS.search(made.text("Message") or "")
    return None if found is None else found.group(1)


async def open_sns(settings: SnsSettings, resources: AsyncExitStack) -> Sender:
    """A sender, closed with `resources`. It connects when it first sends."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=settings.connections, keepalive_timeout=60),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    url = settings.address
    wire = SnsWire(session, url, Signer(url, settings.region, "sns"), credentials_of(settings))
    sender = SnsSender(wire, settings.by_platform)
    resources.push_async_callback(sender.close)
    return sender
