"""Who is connected and who follows what, as others are told: the registry, presence, joins and leaves."""

import time
from typing import Any

import msgspec

from domain.live_update import JOIN, LEAVE
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.live_publisher import NewPublication
from push_service.gateway.presence.join_news import JoinNews
from push_service.gateway.presence.presence_book import PresenceBook
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.commands import NO_DATA, ConnectRequest
from push_service.gateway.sessions.session import Session
from storage.connection import Connection, installation_of
from storage.redis import keys

_MAX_NAME = 64


class Attendance:
    """Tells others what a session does, as far as the rule of a channel's kind says."""

    def __init__(self, rules: ChannelRules, book: PresenceBook, news: JoinNews, node: str) -> None:
        """`node`: this gateway's name."""
        self._rules = rules
        self._book = book
        self._news = news
        self._node = node

    def connected(self, session: Session, request: ConnectRequest) -> None:
        """A session has said who it is: into the registry with it. Who is anonymous is not registered."""
        viewer = session.viewer
        if viewer is None or not viewer.user:
            return
        installation, accepts = installation_of(_json(request.data)) if request.data else ("", ())
        connection = Connection(
            gateway=self._node,
            client=session.client,
            tenant=viewer.tenant,
            user=viewer.user,
            since=time.time_ns() // 1_000_000,
            installation=installation,
            name=request.name[:_MAX_NAME],
            version=request.version[:_MAX_NAME],
            accepts=accepts,
        )
        self._book.set(keys.connections(viewer.tenant, viewer.user), session.client, viewer.user, connection.entry())

    def disconnected(self, session: Session) -> None:
        """A session is over."""
        if session.viewer is not None:
            self._book.remove(keys.connections(session.viewer.tenant, session.viewer.user), session.client)

    def joined(self, session: Session, channel: str, *, asks: bool) -> bool:
        """A session follows a channel. Whether it is to be told who else joins and leaves; `asks`: it wants to be."""
        rule = self._rules.of(channel)
        if not rule.presence and not rule.joins:
            return False
        info = msgspec.json.encode(info_of(session, channel))
        if rule.presence:
            self._book.set(keys.presence(channel), session.client, _user(session), info)
        if rule.joins:
            self._tell(session, channel, JOIN, info)
        return rule.joins and (asks or rule.force_joins)

    def left(self, session: Session, channel: str) -> None:
        """It follows it no longer."""
        rule = self._rules.of(channel)
        if rule.presence:
            self._book.remove(keys.presence(channel), session.client)
        if rule.joins:
            self._tell(session, channel, LEAVE, msgspec.json.encode(info_of(session, channel)))

    def _tell(self, session: Session, name: str, kind: str, info: bytes) -> None:
        channel = self._rules.parse(name)
        assert channel is not None
        self._news.tell(NewPublication(channel, b"{}", f"client/{session.client}", info=info, kind=kind))


def info_of(session: Session, channel: str) -> ClientInfo:
    """What others may know of a session on a channel."""
    info = None if session.viewer is None else session.viewer.info
    grant = None if session.grants is None else session.grants.get(channel)
    return ClientInfo(_user(session), session.client, _raw(info), _raw(None if grant is None else grant.info))


def _user(session: Session) -> str:
    return "" if session.viewer is None else session.viewer.user


def _raw(info: bytes | None) -> msgspec.Raw:
    return NO_DATA if info is None else msgspec.Raw(info)


def _json(data: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
