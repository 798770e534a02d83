"""What may be set for Amazon SNS."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from push_service.sns.arns import PLATFORMS, TOPIC_PATTERN, application_platform
from runtime.settings import Section


class SnsSettings(Section, section="SNS"):
    """Which account is sent through."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="Where the platform applications are.")
    url: str | None = Field(
        default=None, pattern=r"^https?://", description="Where SNS is; by default Amazon's address in the region."
    )
    access_key_id: str | None = Field(
        default=None,
        description="Whose account. Without it the credentials are looked for where all of Amazon's tools do: "
        "environment, profile, role of the container or the machine.",
    )
    secret_access_key: SecretStr | None = Field(default=None, description="The secret of that key.")
    session_token: SecretStr | None = Field(default=None, description="Of a key that is lent.")
    applications: list[str] = Field(
        default=[],
        description="ARNs of platform applications (GCM, APNS, APNS_SANDBOX), one for each platform: there endpoints "
        "are made for installations that register the raw token of FCM or APNs.",
    )
    topic: str | None = Field(
        default=None,
        pattern=TOPIC_PATTERN,
        description="ARN of a topic that reaches all phones, for announcements: `repair-sns` keeps every endpoint that "
        "an installation has subscribed to it. Notifications are not sent through it.",
    )
    connections: int = Field(default=100, ge=1, le=10_000, description="Most connections to SNS at a time.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key: give both or neither")
        platforms = [application_platform(each) for each in self.applications]
        if not set(platforms) <= set(PLATFORMS):
            raise ValueError(f"applications: each is the ARN of a platform application of {', '.join(PLATFORMS)}")
        if len(set(platforms)) < len(platforms):
            raise ValueError("applications: one for each platform")
        return self

    @property
    def address(self) -> str:
        """Where requests are posted, with a / at the end."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"{(self.url or f'https://sns.{self.region}.{domain}').rstrip('/')}/"

    @property
    def by_platform(self) -> dict[str, str]:
        """The applications by platform."""
        return {str(application_platform(each)): each for each in self.applications}
