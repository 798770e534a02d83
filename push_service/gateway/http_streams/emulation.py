"""Commands of a session whose replies stream: they may come in at another gateway than the one it lives on."""

import msgspec
from aiohttp import web

from push_service.gateway.http_streams.media import is_protobuf
from push_service.gateway.http_streams.node_name import address_in
from push_service.gateway.http_streams.peers import FORWARDED, Peers
from push_service.gateway.http_streams.streams import Streams
from push_service.gateway.protocol.codec import MalformedFrameError
from push_service.gateway.protocol.commands import EmulationRequest
from push_service.gateway.protocol.protobuf.reader import ProtobufReader
from push_service.gateway.protocol.protobuf.schema import COMMANDS

_PATH = "/emulation"


class Emulation:
    """Answers 204 when the session has the commands, 404 when no such session can be found: SDKs connect anew then."""

    def __init__(self, streams: Streams, peers: Peers | None, key: bytes) -> None:
        """`key` seals the addresses of gateways; without `peers` nothing is forwarded."""
        self._streams = streams
        self._peers = peers
        self._key = key
        self._json = msgspec.json.Decoder(EmulationRequest)
        self._protobuf = ProtobufReader(COMMANDS)

    async def take(self, request: web.Request, body: bytes) -> int:
        """The status to answer with."""
        try:
            asked, commands = self._read(body, protobuf=is_protobuf(request))
        except (msgspec.MsgspecError, MalformedFrameError, UnicodeDecodeError, RecursionError):
            return 400
        if asked.node != self._streams.node:
            return await self._forward(request, asked.node, body)
        return 204 if self._streams.receive(asked.session, commands) else 404

    def _read(self, body: bytes, *, protobuf: bool) -> tuple[EmulationRequest, bytes]:
        """The request and the frame in it, which in JSON is a string."""
        if protobuf:
            asked = self._protobuf.read(body, EmulationRequest)
            return asked, bytes(asked.data)
        asked = self._json.decode(body)
        return asked, msgspec.json.decode(asked.data, type=str).encode()

    async def _forward(self, request: web.Request, node: str, body: bytes) -> int:
        url = address_in(node, self._key)
        if self._peers is None or url is None or FORWARDED in request.headers:
            return 404
        status = await self._peers.forward(url + _PATH, body, request.headers.get("Content-Type", ""))
        return 404 if status is None else status
