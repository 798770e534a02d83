"""A fake of FCM's HTTP v1 API and of Google's token service."""

import asyncio
import secrets
import time
from typing import Any

import msgspec
from aiohttp import web

from devstack.fakes.faults import YES, Answer, Faults, Then
from devstack.fakes.fcm_answers import FCM_ANSWERS, Wire
from devstack.fakes.keys import PROJECT, ServiceAccount
from devstack.fakes.phones import Phones

FCM = "fcm"
OAUTH = "oauth"
"""The name of the token service where answers are planned."""
TOKEN_SECONDS = 3_600
LONGEST = 4_096
"""Bytes of a message without its push token: what senders are held to here."""


class FakeFcm:
    """One project. It takes the messages of whoever shows an access token that it has given out."""

    def __init__(self, phones: Phones, account: ServiceAccount) -> None:
        self.faults = Faults()
        self.oauth = Faults()
        """Of the token service."""
        self.requests = 0
        self.tokens_given = 0
        self._phones = phones
        self._account = account
        self._tokens: dict[str, float] = {}
        self._revoked = False

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_post("/token", self.token)
        app.router.add_post("/v1/projects/{project}/messages:send", self.send)
        return app

    def revoke(self, *, revoked: bool) -> None:
        """The service account was deleted, or is there again."""
        self._revoked = revoked
        self._tokens.clear()

    async def token(self, request: web.Request) -> web.StreamResponse:
        """OAuth 2.0, the JWT bearer grant (RFC 7523)."""
        planned = self.oauth.take(OAUTH)
        if planned is not YES:
            return await self._say(request, planned)
        form = await request.post()
        if self._revoked or not self._account.signed(str(form.get("assertion", ""))):
            refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return web.json_response(refusal, status=400)
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._tokens[token] = time.time() + TOKEN_SECONDS
        self.tokens_given += 1
        return web.json_response({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})

    async def send(self, request: web.Request) -> web.StreamResponse:
        """One message."""
        self.requests += 1
        body = await request.read()
        refused = self._refused(request)
        if refused is not None:
            return _response(FCM_ANSWERS[refused])
        try:
            message = msgspec.json.decode(body, type=dict[str, dict[str, Any]])["message"]
            token = str(message["token"])
        except (msgspec.MsgspecError, KeyError):
            return _response(FCM_ANSWERS["INVALID_FIELD"])
        if not _legal(message, body, token):
            return _response(FCM_ANSWERS["INVALID_FIELD"])
        planned = self.faults.take(token)
        if planned.accepts:
            self._show(token, message)
        return await self._say(request, planned)

    def _refused(self, request: web.Request) -> str | None:
        if request.match_info["project"] != PROJECT:
            return "NOT_FOUND"
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return None if self._tokens.get(token, 0.0) > time.time() else "UNAUTHENTICATED"

    def _show(self, token: str, message: dict[str, Any]) -> None:
        data, notification = message.get("data", {}), message.get("notification", {})
        self._phones.show(FCM, token, _name(message) or secrets.token_hex(8), data | notification)

    async def _say(self, request: web.Request, planned: Answer) -> web.StreamResponse:
        await asyncio.sleep(planned.delay)
        if planned.then is Then.SILENCE:
            await asyncio.Event().wait()  # until the client goes away, or this fake
        if planned.then is not Then.ANSWER:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if planned.name:
            return _response(FCM_ANSWERS[planned.name], planned.headers)
        if planned.status:
            return web.Response(status=planned.status, text=planned.body, headers=planned.headers)
        return web.json_response({"name": f"projects/{PROJECT}/messages/0:{secrets.token_hex(8)}"})


def _legal(message: dict[str, Any], body: bytes, token: str) -> bool:
    """What the real one checks too: sizes, and that all data are strings."""
    texts = [message.get("data", {}), message.get("notification", {})]
    strings = all(isinstance(value, str) for each in texts for value in each.values())
    return strings and len(body) - len(token) - len('{"message":{"token":"",}}') <= LONGEST + 2


def _name(message: dict[str, Any]) -> str | None:
    """Under which a phone shows it."""
    for path in (
        ("android", "notification", "tag"),
        ("apns", "headers", "apns-collapse-id"),
        ("webpush", "notification", "tag"),
    ):
        found: Any = message
        for key in path:
            found = found.get(key, {})
        if isinstance(found, str):
            return found
    return None


def _response(wire: Wire, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=wire.status, body=wire.body, content_type=wire.content_type, headers=headers or {})
