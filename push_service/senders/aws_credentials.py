"""Whose requests to Amazon these are: the settings' key, or whatever Amazon's tools find."""

import asyncio
import time
from typing import Protocol

import botocore.session
from botocore.exceptions import BotoCoreError

from push_service.senders.aws_signature import AwsKey
from push_service.sns.settings import SnsSettings

ASKED_AGAIN = 60.0
"""Seconds: botocore renews what is lent some minutes before its end, when it is asked."""


class NoCredentials(Exception):
    """None are found."""


class AwsCredentials(Protocol):
    """Where keys come from."""

    async def key(self) -> AwsKey:
        """The key to use now. Raises NoCredentials."""
        ...


class GivenCredentials:
    """Those of the settings."""

    def __init__(self, key: AwsKey) -> None:
        self._key = key

    async def key(self) -> AwsKey:
        """See AwsCredentials."""
        return self._key


class FoundCredentials:
    """Those that botocore finds. Looking for them blocks, so it happens in a thread, for one at a time."""

    def __init__(self) -> None:
        self._session = botocore.session.Session()
        self._key: AwsKey | None = None
        self._asked_at = 0.0
        self._asking = asyncio.Lock()

    async def key(self) -> AwsKey:
        """See AwsCredentials."""
        if self._key is not None and time.monotonic() - self._asked_at < ASKED_AGAIN:
            return self._key
        async with self._asking:
            if self._key is None or time.monotonic() - self._asked_at >= ASKED_AGAIN:
                self._key = await asyncio.to_thread(self._find)
                self._asked_at = time.monotonic()
            return self._key

    def _find(self) -> AwsKey:
        try:
            found = self._session.get_credentials()
            if found is None:
                raise NoCredentials("no credentials for Amazon are found")
            frozen = found.get_frozen_credentials()
        except BotoCoreError as error:
            raise NoCredentials(f"credentials for Amazon cannot be had: {type(error).__name__}") from error
        return AwsKey(str(frozen.access_key), str(frozen.secret_key), frozen.token)


def credentials_of(settings: SnsSettings) -> AwsCredentials:
    """Those that the settings give, or say to look for."""
    if settings.access_key_id is None or settings.secret_access_key is None:
        return FoundCredentials()
    token = None if settings.session_token is None else settings.session_token.get_secret_value()
    return GivenCredentials(AwsKey(settings.access_key_id, settings.secret_access_key.get_secret_value(), token))
