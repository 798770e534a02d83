"""One connection to APNs: aioapns' own, with an end to everything that it leaves open.

Read in aioapns 4.0: it waits for ever for an answer without a body, and for a stream that was reset; it never opens its
receive window again, so after 64 KiB of answers none comes; it keeps an entry for every notification that was taken; an
answer to a call that was given up breaks the connection, and so do two calls at once that fill the send window.
"""

import asyncio
from typing import cast

from aioapns.common import NotificationRequest, NotificationResult
from aioapns.connection import APNsTLSClientProtocol, AuthorizationHeaderProvider
from aioapns.exceptions import ConnectionClosed
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

LONGEST_BODY = 4_096


class ApnsAnswer(NotificationResult):
    """What APNs answered, undecoded."""

    def __init__(self, headers: dict[bytes, bytes]) -> None:
        super().__init__(headers.get(b"apns-id", b"").decode(), headers.get(b":status", b"0").decode())
        retry_after = headers.get(b"retry-after")
        self.retry_after = None if retry_after is None else retry_after.decode(errors="replace")
        self.body = b""


class ApnsConnection(APNsTLSClientProtocol):
    """Many calls at a time, as many as the server allows."""

    INACTIVITY_TIME = 600  # Apple asks to keep connections; a dead one is found by the time limit of a call

    def __init__(self, host: str, topic: str, token: AuthorizationHeaderProvider) -> None:
        super().__init__(topic, auth_provider=token)
        self.APNS_SERVER = host
        self.usable = True
        """False: it takes no more calls, and closes when those it has are answered."""
        self._answers: dict[int, ApnsAnswer] = {}
        self._window = asyncio.Event()

    async def send(self, request: NotificationRequest, size: int) -> ApnsAnswer:
        """Raises ConnectionClosed, when nobody knows whether it was taken. The message has at most `size` bytes."""
        while self.conn.outbound_flow_control_window < size and self.usable:
            self._window.clear()
            await self._window.wait()
        if not self.usable:
            raise ConnectionClosed("it ended while this waited")
        try:
            return cast("ApnsAnswer", await self.send_notification(request))
        finally:
            self._forget(request.notification_id)
            self._close_if_done()

    def retire(self) -> None:
        """No more calls on it."""
        self.usable = False
        self._window.set()
        self._close_if_done()

    def data_received(self, data: bytes) -> None:
        try:
            events = self.conn.receive_data(data)
        except ProtocolError:
            self._break()
            return
        for event in events:
            self._on(event)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._window.set()
        self.requests = {name: waiting for name, waiting in self.requests.items() if not waiting.done()}
        super().connection_lost(exc)

    def close(self) -> None:
        self.usable = False
        super().close()

    def _on(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=int(stream), headers=list(headers)):
                self._answers[stream] = ApnsAnswer(dict(headers))
            case DataReceived(stream_id=int(stream), data=bytes(data)):
                self.conn.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                if (answer := self._answers.get(stream)) is not None and len(answer.body) < LONGEST_BODY:
                    answer.body += data
            case StreamEnded(stream_id=int(stream)):
                self._settle(stream)
                self.on_stream_ended(stream)
            case StreamReset(stream_id=int(stream)):
                self._answers.pop(stream, None)
                self._settle(stream)
                self.on_stream_ended(stream)
            case WindowUpdated():
                self._window.set()
            case RemoteSettingsChanged():
                self._follow(event)
                self._window.set()
            case ConnectionTerminated():
                self._break()  # the library reads no answer after a GOAWAY
            case _:
                pass

    def _follow(self, event: RemoteSettingsChanged) -> None:
        """The server says how many calls it takes at a time."""
        change = event.changed_settings.get(SettingCodes.MAX_CONCURRENT_STREAMS)
        if change is not None:
            self.free_channels.bound = change.new_value

    def _settle(self, stream: int) -> None:
        """Hand over what was answered on a stream; nothing, if it was reset."""
        answer = self._answers.pop(stream, None)
        waiting = self.requests.pop(self.request_streams.pop(stream, ""), None)
        if waiting is None or waiting.done():
            return
        if answer is None:
            waiting.set_exception(ConnectionClosed("the stream was reset"))
        else:
            waiting.set_result(answer)

    def _forget(self, notification_id: str) -> None:
        """Of a call that was given up: end its stream, so that it no longer counts."""
        if self.requests.pop(notification_id, None) is None:
            return
        for stream, name in list(self.request_streams.items()):
            if name == notification_id:
                del self.request_streams[stream]
                self._answers.pop(stream, None)
                self._reset(stream)

    def _reset(self, stream: int) -> None:
        if not self.usable:
            return
        try:
            self.conn.reset_stream(stream)
        except ProtocolError:
            return
        self.on_stream_ended(stream)
        self.flush()

    def _break(self) -> None:
        self.usable = False
        if self.transport is not None:
            self.transport.abort()

    def _close_if_done(self) -> None:
        if not self.usable and not self.requests and self.transport is not None:
            self.close()
