"""Who listens to which channel, and the fan-out: one push for all of a channel's subscribers."""

from collections.abc import Callable, Container, MutableMapping
from typing import Any, Protocol

import msgspec

from domain.live_update import JOIN, LEAVE, LiveUpdate
from domain.notification_live import NOTIFICATION
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.delivery.push import Announcement, Push, Pushed
from push_service.gateway.delivery.tailoring import Cuts, Tailoring
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.pushes import JoinPush, LeavePush, PublicationBody, ServerPush


class Subscriber(Protocol):
    """What a channel publishes to: in practice a session."""

    def push(self, push: Pushed) -> None:
        """Takes a push. Never blocks and never raises; a slow one deals with it by itself."""


class DeliveryObserver(Protocol):
    """Told of each fan-out, once it is done."""

    def delivered(self, publication: Publication, subscribers: int) -> None: ...


class Hub:
    """The subscribers of this process by channel."""

    def __init__(
        self,
        rules: ChannelRules,
        observer: DeliveryObserver,
        shown: Callable[[str, Publication, Container[object]], None],
    ) -> None:
        """`shown` is told of each notification: the channel, and the subscribers that it was handed to."""
        self._rules = rules
        self._channels: dict[str, dict[Subscriber, None]] = {}
        self._listeners: dict[str, dict[Subscriber, None]] = {}
        self._tailored: dict[str, dict[Subscriber, Tailoring]] = {}
        self._observer = observer
        self._shown = shown

    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """From now on the subscriber gets what the channel publishes."""
        self._channels.setdefault(channel, {})[subscriber] = None

    def subscribe_tailored(self, channel: str, subscriber: Subscriber, tailoring: Tailoring) -> None:
        """From now on the subscriber gets what the channel publishes, cut to its measure."""
        self._tailored.setdefault(channel, {})[subscriber] = tailoring

    def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """From now on it does not. Unknown ones are ignored."""
        _remove(self._channels, channel, subscriber)
        if self._listeners:
            _remove(self._listeners, channel, subscriber)
        if self._tailored:
            _remove(self._tailored, channel, subscriber)

    def listen(self, channel: str, subscriber: Subscriber) -> None:
        """From now on the subscriber is told who joins and leaves."""
        self._listeners.setdefault(channel, {})[subscriber] = None

    def announce(self, update: LiveUpdate) -> None:
        """A join or leave, to all who listen; anything else that passes, to all subscribers."""
        if update.kind not in (JOIN, LEAVE):
            self._pass_on(update)
            return
        for channel in update.channels:
            listeners = self._listeners.get(channel)
            announcement = None if listeners is None else _announcement(channel, update)
            if announcement is not None:
                for listener in tuple(listeners or ()):
                    listener.push(announcement)

    def publish(self, publication: Publication) -> None:
        """To every subscriber of every channel of the publication."""
        for channel in publication.update.channels:
            if channel in self._tailored:
                self._publish_tailored(channel, publication)
            subscribers = self._channels.get(channel)
            if subscribers is None:
                continue
            conflated = publication.update.kind in self._rules.of(channel).conflated_kinds
            push = Push(channel, publication, conflated=conflated)
            for subscriber in tuple(subscribers):  # one that turns out to be gone unsubscribes while we write
                subscriber.push(push)
            self._observer.delivered(publication, len(subscribers))
            if publication.update.kind == NOTIFICATION:
                self._shown(channel, publication, subscribers)

    def _publish_tailored(self, channel: str, publication: Publication) -> None:
        conflated = publication.update.kind in self._rules.of(channel).conflated_kinds
        push, cuts, served = Push(channel, publication, conflated=conflated), Cuts(), set()
        for subscriber, tailoring in tuple(self._tailored[channel].items()):
            cut = tailoring.cut(push, cuts)
            if cut is not None:
                subscriber.push(cut)
                served.add(subscriber)
        self._observer.delivered(publication, len(served))
        if publication.update.kind == NOTIFICATION:
            self._shown(channel, publication, served)

    def _pass_on(self, update: LiveUpdate) -> None:
        """Without an offset, so that no client's position moves: nobody can recover it."""
        body = PublicationBody(msgspec.Raw(update.payload))
        for channel in update.channels:
            push = Announcement(ServerPush(channel, pub=body))
            for subscriber in (*self._channels.get(channel, ()), *self._tailored.get(channel, ())):
                subscriber.push(push)


def _remove(channels: MutableMapping[str, Any], channel: str, subscriber: Subscriber) -> None:
    subscribers: dict[Subscriber, Any] | None = channels.get(channel)
    if subscribers is not None:
        subscribers.pop(subscriber, None)
        if not subscribers:
            del channels[channel]


def _announcement(channel: str, update: LiveUpdate) -> Announcement | None:
    """None for a record that tells of nobody: none of ours does so."""
    try:
        info = msgspec.json.decode(update.info or b"", type=ClientInfo)
    except msgspec.MsgspecError:
        return None
    if update.kind == JOIN:
        return Announcement(ServerPush(channel, join=JoinPush(info)))
    return Announcement(ServerPush(channel, leave=LeavePush(info)))
