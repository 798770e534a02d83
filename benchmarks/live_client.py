"""A lean client of the gateway: the Centrifuge protocol in JSON, as far as watching channels needs it.

It is not the proof that official SDKs work (those are in the tests); it is cheap enough to watch at full load.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

ANSWER_WITHIN = 5.0  # seconds, as in the SDKs
SILENT_FOR = 40.0  # the gateway pings more often
MOST_BYTES = 4 * 1024 * 1024


class Position(msgspec.Struct, frozen=True):
    """Where a client is in a channel: what it hands back to get what it missed."""

    epoch: str
    offset: int


class Publication(msgspec.Struct):
    """One live update on a channel."""

    data: msgspec.Raw
    offset: int = 0


class SubscribeReply(msgspec.Struct):
    """The state of a channel, or what was missed."""

    epoch: str = ""
    offset: int = 0
    recovered: bool = False
    was_recovering: bool = False
    publications: list[Publication] = []
    data: msgspec.Raw = msgspec.Raw()
    """The snapshot; empty when there is none."""


class _Push(msgspec.Struct):
    channel: str = ""
    pub: Publication | None = None


class _Error(msgspec.Struct):
    code: int
    message: str = ""
    temporary: bool = False


class _Reply(msgspec.Struct):
    id: int = 0
    error: _Error | None = None
    connect: msgspec.Raw = msgspec.Raw()
    subscribe: SubscribeReply | None = None
    push: _Push | None = None


class LiveRefusedError(Exception):
    """The gateway refused a command. A temporary refusal asks to try again."""

    def __init__(self, code: int, message: str, *, temporary: bool) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.temporary = temporary


class LiveLostError(Exception):
    """There is no connection, or there is none any more."""


class LiveClient:
    """One WebSocket. Open it with `async with LiveClient(...)`; a failure to connect is LiveLostError."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse
        self._decoder = msgspec.json.Decoder(_Reply)
        self._commands = 0
        self._early: deque[_Push] = deque()

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                self._socket = await self._session.ws_connect(self._url, max_msg_size=MOST_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LiveLostError(f"cannot connect: {type(error).__name__}") from error
        try:
            await self._ask("connect", {"token": self._token})
        except BaseException:
            await self._socket.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()

    async def subscribe(self, channel: str, position: Position | None = None) -> SubscribeReply:
        """From now on, or from a position. Raises LiveRefusedError and LiveLostError."""
        request: dict[str, object] = {"channel": channel}
        if position is not None:
            request |= {"recover": True, "epoch": position.epoch, "offset": position.offset}
        reply = await self._ask("subscribe", request)
        if reply.subscribe is None:
            raise LiveLostError("an answer that fits no subscribe")
        return reply.subscribe

    async def publications(self) -> AsyncIterator[tuple[str, Publication]]:
        """(channel, publication) for as long as the connection holds. Raises LiveLostError when it does not."""
        while True:
            while self._early:
                push = self._early.popleft()
                if push.pub is not None:
                    yield push.channel, push.pub
            try:
                async with asyncio.timeout(SILENT_FOR):
                    replies = await self._receive()
            except TimeoutError as error:
                raise LiveLostError(f"silent for {SILENT_FOR:.0f} s") from error
            self._early.extend(reply.push for reply in replies if reply.push is not None)

    async def _ask(self, command: str, request: dict[str, object]) -> _Reply:
        self._commands += 1
        number = self._commands
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._socket.send_str(msgspec.json.encode({"id": number, command: request}).decode())
                return await self._answer(number)
        except TimeoutError as error:
            raise LiveLostError(f"{command}: no answer within {ANSWER_WITHIN:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise LiveLostError(f"{command}: {type(error).__name__}") from error

    async def _answer(self, number: int) -> _Reply:
        while True:
            replies = await self._receive()
            self._early.extend(reply.push for reply in replies if reply.push is not None)
            for reply in replies:
                if reply.id == number:
                    if reply.error is not None:
                        raise LiveRefusedError(reply.error.code, reply.error.message, temporary=reply.error.temporary)
                    return reply

    async def _receive(self) -> list[_Reply]:
        """The replies of one frame; pings are answered."""
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise LiveLostError(f"closed with {self._socket.close_code}")
        replies = [self._decoder.decode(line) for line in _lines(message.data)]
        if any(reply.id == 0 and reply.push is None for reply in replies):
            await self._socket.send_str("{}")
        return replies


def _lines(text: str) -> Iterable[str]:
    return text.rstrip("\n").split("\n")
