"""SNS as tasks look after it: by boto3, one call after the other."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import OutageError
from push_service.sns.settings import SnsSettings

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

DISABLED, GONE = "EndpointDisabled", "NotFound"
_T = TypeVar("_T")


class SnsUpkeep:
    """Every method raises OutageError when SNS does not do it."""

    def __init__(self, settings: SnsSettings) -> None:
        secret, token = settings.secret_access_key, settings.session_token
        self._sns: SNSClient = boto3.client(
            "sns",
            region_name=settings.region,
            endpoint_url=settings.url,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=None if secret is None else secret.get_secret_value(),
            aws_session_token=None if token is None else token.get_secret_value(),
            config=Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=20),
        )

    def enabled_endpoints(self, application: str) -> set[str]:
        """The ARNs of an application's endpoints that can be sent to."""

        def read() -> set[str]:
            pages = self._sns.get_paginator("list_endpoints_by_platform_application")
            return {
                each["EndpointArn"]
                for page in pages.paginate(PlatformApplicationArn=application)
                for each in page["Endpoints"]
                if each["Attributes"].get("Enabled", "").lower() == "true"
            }

        return _done(read)

    def what_is_wrong(self, endpoint: str) -> str | None:
        """DISABLED, GONE, or None: nothing."""
        try:
            attributes = self._sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]
        except self._sns.exceptions.NotFoundException:
            return GONE
        except (BotoCoreError, ClientError) as error:
            raise OutageError(f"SNS: {error}") from error
        return None if attributes.get("Enabled", "").lower() == "true" else DISABLED

    def subscriptions(self, topic: str) -> dict[str, str]:
        """The endpoints that are subscribed to a topic, with the ARN of the subscription."""

        def read() -> dict[str, str]:
            return dict(self._subscribed(topic))

        return _done(read)

    def subscribe(self, topic: str, endpoint: str) -> None:
        """Nothing happens if it is already."""
        _done(lambda: self._sns.subscribe(TopicArn=topic, Protocol="application", Endpoint=endpoint))

    def unsubscribe(self, subscription: str) -> None:
        """Ends a subscription."""
        _done(lambda: self._sns.unsubscribe(SubscriptionArn=subscription))

    def _subscribed(self, topic: str) -> Iterator[tuple[str, str]]:
        for page in self._sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for each in page["Subscriptions"]:
                if each["Protocol"] == "application":
                    yield each["Endpoint"], each["SubscriptionArn"]


def _done(work: Callable[[], _T]) -> _T:
    try:
        return work()
    except (BotoCoreError, ClientError) as error:
        raise OutageError(f"SNS: {error}") from error
