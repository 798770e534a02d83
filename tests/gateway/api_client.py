"""A back end, for tests of the server API."""

import io
from typing import Any, Protocol

import aiohttp

from tests.gateway.running import API_KEYS


class Asked(Protocol):
    """A gateway, wherever it runs."""

    @property
    def url(self) -> str: ...


class Backend:
    """Asks with the key of a tenant; `*` opens all."""

    def __init__(self, gateway: Asked, tenant: str = "acme", key: str | None = None) -> None:
        self._url = gateway.url
        self._headers = {"X-API-Key": API_KEYS[tenant] if key is None else key}

    async def post(self, method: str, body: bytes, **headers: str) -> tuple[int, Any]:
        """Status and document."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self._url}/api/{method}", data=io.BytesIO(body), headers=headers or self._headers
            ) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def ask(self, method: str, **request: Any) -> Any:
        """The whole reply; fails on a status other than 200."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._url}/api/{method}", json=request, headers=self._headers) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def do(self, method: str, **request: Any) -> Any:
        """The result; fails on an error."""
        reply = await self.ask(method, **request)
        assert "result" in reply, reply
        return reply["result"]

    async def refused(self, method: str, **request: Any) -> int:
        """The error's code; fails without one."""
        reply = await self.ask(method, **request)
        assert "error" in reply, reply
        code: int = reply["error"]["code"]
        return code
