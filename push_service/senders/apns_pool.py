"""The connections to one of Apple's two services."""

import asyncio
import ssl

import structlog
from aioapns.connection import AuthorizationHeaderProvider

from push_service.senders.apns_connection import ApnsConnection

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 5.0
HTTPS = 443


class CannotConnect(Exception):
    """No connection can be had; nothing was sent."""


class NotTrusted(Exception):
    """Who answers at Apple's address is not Apple, or not trusted."""


class ApnsPool:
    """At most `most` connections; another one is opened when all are busy. One that ended is replaced when needed."""

    def __init__(
        self, address: str, topic: str, token: AuthorizationHeaderProvider, trust: ssl.SSLContext, most: int
    ) -> None:
        self._host, _, port = address.partition(":")
        self._port = int(port or HTTPS)
        self._topic = topic
        self._token = token
        self._trust = trust
        self._most = most
        self._connections: list[ApnsConnection] = []
        self._opening = asyncio.Lock()

    async def connection(self) -> ApnsConnection:
        """One with room for a call. Raises CannotConnect, NotTrusted."""
        free = self._free()
        if free is not None:
            return free
        async with self._opening:
            free = self._free()
            if free is not None:
                return free
            if len(self._connections) < self._most:
                opened = await self._open()
                self._connections.append(opened)
                return opened
        return min(self._connections, key=lambda each: len(each.requests))  # it waits there for its turn

    def close(self) -> None:
        """Break all off."""
        for each in self._connections:
            each.close()
        self._connections.clear()

    def _free(self) -> ApnsConnection | None:
        self._connections = [each for each in self._connections if each.usable]
        return next((each for each in self._connections if not each.is_busy), None)

    async def _open(self) -> ApnsConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: ApnsConnection(self._host, self._topic, self._token),
                    self._host,
                    self._port,
                    ssl=self._trust,
                )
        except ssl.SSLError as error:
            raise NotTrusted(f"{self._host}: {error.reason or error.__class__.__name__}") from error
        except (OSError, TimeoutError) as error:
            raise CannotConnect(f"{self._host}: {type(error).__name__}") from error
        log.info("connected to APNs", host=self._host, connections=len(self._connections) + 1)
        return connection
