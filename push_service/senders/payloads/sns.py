"""A message to an endpoint of SNS: what FCM or APNs is handed, wrapped. Source: Amazon, "Publishing Amazon SNS
notifications with platform-specific payloads", and "Using Amazon SNS message attributes" for mobile push.
"""

from collections.abc import Mapping

import msgspec

from domain.instants import SECOND, Micros
from domain.notification import Priority
from domain.push_request import PushRequest
from push_service.senders.payloads.apns import apns_message, as_written
from push_service.senders.payloads.fcm import fcm_message
from push_service.senders.payloads.shown_as import shown_as
from push_service.sns.arns import GCM


def sns_message(push: PushRequest, platform: str, now: Micros) -> dict[str, str]:
    """The parameters of a Publish, without its target. Raises PayloadTooLarge."""
    if platform == GCM:
        wrapped = b'{"fcmV1Message":{"message":' + fcm_message(push, now) + b"}}"
        attributes: Mapping[str, str] = {}
    else:
        wrapped = as_written(apns_message(push))
        attributes = _apns_attributes(push, platform, now)
    message = {"default": push.content.title, platform: wrapped.decode()}
    return {
        "Message": msgspec.json.encode(message).decode(),
        "MessageStructure": "json",
        **attribute_parameters(attributes),
    }


def attribute_parameters(attributes: Mapping[str, str], first: int = 1) -> dict[str, str]:
    """Message attributes as the Query protocol writes them, numbered from `first`."""
    written = {}
    for number, (name, value) in enumerate(attributes.items(), first):
        start = f"MessageAttributes.entry.{number}"
        written[f"{start}.Name"] = name
        written[f"{start}.Value.DataType"] = "String"
        written[f"{start}.Value.StringValue"] = value
    return written


def _apns_attributes(push: PushRequest, platform: str, now: Micros) -> dict[str, str]:
    """How it travels. Of the sandbox only the time to live has a name of its own."""
    seconds = max(1, (push.content.expires_at - now) // SECOND)
    return {
        f"AWS.SNS.MOBILE.{platform}.TTL": str(seconds),
        "AWS.SNS.MOBILE.APNS.COLLAPSE_ID": shown_as(push),
        "AWS.SNS.MOBILE.APNS.PRIORITY": "10" if push.content.priority == Priority.HIGH else "5",
        "AWS.SNS.MOBILE.APNS.PUSH_TYPE": "alert",
    }
