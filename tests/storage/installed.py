"""An installation for tests."""

from typing import Any

import msgspec

from domain.installation import Installation, Platform, Provider

THEN = 1_790_000_000_123_456


def installation(installation_id: str = "phone-1", user: str = "ann", **changes: Any) -> Installation:
    made = Installation(
        tenant="acme",
        id=installation_id,
        user=user,
        provider=Provider.FCM,
        platform=Platform.ANDROID,
        push_token=f"token-of-{installation_id}",
        token_at=THEN,
        created_at=THEN,
        refreshed_at=THEN,
    )
    return msgspec.structs.replace(made, **changes)
