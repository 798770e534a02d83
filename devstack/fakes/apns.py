"""A fake of APNs: HTTP/2 over TLS, provider tokens checked, every answer of its table on request."""

import asyncio
import json
import secrets
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from devstack.fakes.faults import Answer, Faults, Then
from devstack.fakes.keys import TOPIC, ApnsSigner
from devstack.fakes.phones import Phones

APNS = "apns"
LONGEST = 4_096
STREAMS = 1_000
OLDEST_TOKEN = 3_600  # seconds
_STATUS = {
    "Unregistered": 410,
    "ExpiredToken": 410,
    "BadEnvironmentKeyInToken": 403,
    "ExpiredProviderToken": 403,
    "InvalidProviderToken": 403,
    "MissingProviderToken": 403,
    "Forbidden": 403,
    "MethodNotAllowed": 405,
    "BadPath": 404,
    "PayloadTooLarge": 413,
    "TooManyRequests": 429,
    "TooManyProviderTokenUpdates": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}
"""Of reasons; all others are 400."""


class FakeApns:
    """Both of Apple's services, on an address each. What a phone's environment says decides which one knows it."""

    def __init__(self, phones: Phones, signer: ApnsSigner) -> None:
        self.faults = Faults()
        self.requests = 0
        self.connections = 0
        self.tokens: set[str] = set()
        """All provider tokens that were ever shown, up to 100."""
        self._phones = phones
        self._signer = signer
        self._revoked = False

    def revoke(self, *, revoked: bool) -> None:
        """The signing key was revoked, or is good again."""
        self._revoked = revoked

    def serving(self, environment: str) -> Callable[[], asyncio.Protocol]:
        """Makes the protocol of each connection to one of the services."""
        return lambda: _Connection(self, environment)

    def judge(self, environment: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer to a request, and its effect."""
        self.requests += 1
        token = headers.get(":path", "").removeprefix("/3/device/")
        refusal = self._refusal(headers, body) or self._not_here(environment, token)
        if refusal is not None:
            return Answer(name=refusal)
        planned = self.faults.take(token)
        if planned.accepts:
            message = json.loads(body)
            name = headers.get("apns-collapse-id") or secrets.token_hex(8)
            self._phones.show(APNS, token, name, _texts(message))
        return planned

    def _refusal(self, headers: dict[str, str], body: bytes) -> str | None:
        authorization = headers.get("authorization", "")
        if len(self.tokens) < 100:
            self.tokens.add(authorization)
        issued_at = self._signer.issued_at(authorization)
        refusal = None
        if issued_at is None or self._revoked:
            refusal = "InvalidProviderToken"
        elif issued_at < time.time() - OLDEST_TOKEN:
            refusal = "ExpiredProviderToken"
        elif headers.get("apns-topic") != TOPIC:
            refusal = "DeviceTokenNotForTopic"
        elif not body:
            refusal = "PayloadEmpty"
        elif len(body) > LONGEST:
            refusal = "PayloadTooLarge"
        elif len(headers.get("apns-collapse-id", "").encode()) > 64:
            refusal = "BadCollapseId"
        return refusal

    def _not_here(self, environment: str, token: str) -> str | None:
        phone = self._phones.known(APNS, token)
        known = phone is None or phone.environment in (None, environment)
        return None if known else "BadDeviceToken"


class _Connection(asyncio.Protocol):
    def __init__(self, apns: FakeApns, environment: str) -> None:
        self._apns = apns
        self._environment = environment
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._apns.connections += 1
        self._transport = cast("asyncio.Transport", transport)
        self._http.initiate_connection()
        self._http.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS})
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._http.receive_data(data):
                self._on(event)
        except ProtocolError:
            self._transport.abort()
        else:
            self._flush()

    def _on(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=int(stream), headers=list(headers)):
                self._requests[stream] = ({str(name): str(value) for name, value in headers}, bytearray())
            case DataReceived(stream_id=int(stream), data=bytes(data)):
                self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                self._requests[stream][1].extend(data)
            case StreamEnded(stream_id=int(stream)):
                task = asyncio.get_running_loop().create_task(self._respond(stream, *self._requests.pop(stream)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case StreamReset(stream_id=int(stream)):
                self._requests.pop(stream, None)

    async def _respond(self, stream: int, headers: dict[str, str], body: bytearray) -> None:
        answer = self._apns.judge(self._environment, headers, bytes(body))
        await asyncio.sleep(answer.delay)
        match answer.then:
            case Then.ANSWER:
                self._answer(stream, headers.get("apns-id", ""), answer)
            case Then.RESET:
                self._transport.abort()
            case Then.GOAWAY:
                self._http.close_connection()
                self._flush()
                self._transport.close()

    def _answer(self, stream: int, apns_id: str, answer: Answer) -> None:
        body = answer.body.encode()
        status = answer.status or 200
        if answer.name:
            status = _STATUS.get(answer.name, 400)
            reason: dict[str, Any] = {"reason": answer.name}
            if status == 410:
                reason["timestamp"] = int(answer.headers.get("timestamp", time.time() * 1000))
            body = json.dumps(reason).encode()
        headers = [(":status", str(status)), ("apns-id", apns_id)]
        headers += [(name, value) for name, value in answer.headers.items() if name != "timestamp"]
        try:
            self._http.send_headers(stream, headers, end_stream=not body)
            if body:
                self._http.send_data(stream, body, end_stream=True)
        except ProtocolError:
            return  # the client has given up this request
        self._flush()

    def _flush(self) -> None:
        self._transport.write(self._http.data_to_send())


def server_trust(certificate: Path) -> ssl.SSLContext:
    """The server's side of TLS, with the certificate and key in this file."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    return context


def _texts(message: dict[str, Any]) -> dict[str, Any]:
    alert = message.get("aps", {}).get("alert", {})
    return {"id": message.get("id"), "type": message.get("type"), **alert}
