"""What a method of the server API is."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from push_service.gateway.server_api.errors import BAD_REQUEST, ApiError
from push_service.gateway.server_api.keys import Caller


class Nothing(msgspec.Struct, frozen=True):
    """The result of a method that has nothing to tell: `{}`."""


class ApiRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a method takes. A field that it does not have is an error: a back end would wait for its effect in vain."""


class ApiMethod(msgspec.Struct, frozen=True):
    """One method: what it takes, and what does it."""

    request: type[ApiRequest]
    run: Callable[[Caller, Any], Awaitable[msgspec.Struct]]
    """Raises ApiError."""

    async def call(self, caller: Caller, body: bytes | msgspec.Raw) -> msgspec.Struct:
        """Reads the request, JSON in UTF-8, and does it. Raises ApiError."""
        try:
            request = msgspec.json.decode(body, type=self.request)
        except msgspec.ValidationError as error:
            raise ApiError(BAD_REQUEST, str(error)) from None
        return await self.run(caller, request)
