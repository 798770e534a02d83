"""What may be set for FCM."""

import json
from collections.abc import Callable
from typing import Any, Self

from google.oauth2 import service_account
from pydantic import Field, SecretStr, model_validator

from runtime.settings import Section

SCOPES = ("https://www.googleapis.com/auth/firebase.messaging",)


class FcmSettings(Section, section="FCM"):
    """Which project is sent through, and by whose credentials."""

    credentials: SecretStr = Field(
        description="The key of a service account that may send messages, the JSON that Google gives out; in a file "
        "with FCM_CREDENTIALS_FILE."
    )
    project: str | None = Field(default=None, description="The Firebase project; by default the credentials' own.")
    url: str = Field(default="https://fcm.googleapis.com", pattern=r"^https?://", description="Where FCM is.")
    connections: int = Field(default=100, ge=1, le=10_000, description="Most connections to FCM at a time.")

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        info = self.key()
        try:
            self.account()
        except (ValueError, KeyError) as error:
            raise ValueError("credentials: not the key of a service account: a field is missing or wrong") from error
        if self.project is None and not info.get("project_id"):
            raise ValueError("project: is required, for the credentials name none")
        return self

    def key(self) -> dict[str, Any]:
        """The credentials' fields. Raises ValueError, without quoting them."""
        try:
            info = json.loads(self.credentials.get_secret_value())
        except ValueError:
            info = None
        if not isinstance(info, dict):
            raise ValueError("credentials: not a JSON object")  # noqa: TRY004 pydantic wants a ValueError
        return info

    def account(self) -> service_account.Credentials:
        """The credentials as google-auth knows them. Raises ValueError or KeyError when they are wrong."""
        read: Callable[..., service_account.Credentials] = service_account.Credentials.from_service_account_info
        return read(self.key(), scopes=SCOPES)

    @property
    def send_url(self) -> str:
        """Where messages are posted."""
        return f"{self.url.rstrip('/')}/v1/projects/{self.project or self.key()['project_id']}/messages:send"
