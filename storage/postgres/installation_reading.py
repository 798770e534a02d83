"""Between rows of the table of installations and what they mean."""

import hashlib
from typing import Any

from sqlalchemy import Row

from domain.installation import ApnsEnvironment, Installation, Platform, Provider
from storage.postgres.tables import from_timestamp


def token_hash(push_token: str) -> bytes:
    """By which a push token is found again."""
    return hashlib.sha256(push_token.encode()).digest()


def installation_of(row: Row[Any]) -> Installation:
    """A whole row as an installation."""
    return Installation(
        tenant=row.tenant,
        id=row.id,
        user=row.user_id,
        provider=Provider(row.provider),
        platform=Platform(row.platform),
        push_token=row.push_token,
        token_at=from_timestamp(row.token_at),
        environment=None if row.environment is None else ApnsEnvironment(row.environment),
        app=row.app,
        model=row.model,
        os_version=row.os_version,
        app_version=row.app_version,
        locale=row.locale,
        created_at=from_timestamp(row.created_at),
        refreshed_at=from_timestamp(row.refreshed_at),
        disabled_at=None if row.disabled_at is None else from_timestamp(row.disabled_at),
        disabled_reason=row.disabled_reason,
    )
