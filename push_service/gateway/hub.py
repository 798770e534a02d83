"""Who listens to which channel, and the fan-out: one push for all of a channel's subscribers."""

from typing import Protocol

import msgspec

from domain.live_update import JOIN, LiveUpdate
from push_service.gateway.channel_rules import ChannelRules
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.pushes import JoinPush, LeavePush, ServerPush
from push_service.gateway.publication import Publication
from push_service.gateway.push import Announcement, Push, Pushed


class Subscriber(Protocol):
    """What a channel publishes to: in practice a session."""

    def push(self, push: Pushed) -> None:
        """Takes a push. Never blocks and never raises; a slow one deals with it by itself."""


class DeliveryObserver(Protocol):
    """Told of each fan-out, once it is done."""

    def delivered(self, publication: Publication, subscribers: int) -> None: ...


class Hub:
    """The subscribers of this process by channel."""

    def __init__(self, rules: ChannelRules, observer: DeliveryObserver) -> None:
        self._rules = rules
        self._channels: dict[str, dict[Subscriber, None]] = {}
        self._listeners: dict[str, dict[Subscriber, None]] = {}
        self._observer = observer

    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """From now on the subscriber gets what the channel publishes."""
        self._channels.setdefault(channel, {})[subscriber] = None

    def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """From now on it does not. Unknown ones are ignored."""
        _remove(self._channels, channel, subscriber)
        if self._listeners:
            _remove(self._listeners, channel, subscriber)

    def listen(self, channel: str, subscriber: Subscriber) -> None:
        """From now on the subscriber is told who joins and leaves."""
        self._listeners.setdefault(channel, {})[subscriber] = None

    def announce(self, update: LiveUpdate) -> None:
        """A join or leave, to all who listen."""
        for channel in update.channels:
            listeners = self._listeners.get(channel)
            if listeners is None:
                continue
            announcement = _announcement(channel, update)
            for listener in tuple(listeners):
                listener.push(announcement)

    def publish(self, publication: Publication) -> None:
        """To every subscriber of every channel of the publication."""
        for channel in publication.update.channels:
            subscribers = self._channels.get(channel)
            if subscribers is None:
                continue
            conflated = publication.update.kind in self._rules.of(channel).conflated_kinds
            push = Push(channel, publication, conflated=conflated)
            for subscriber in tuple(subscribers):  # one that turns out to be gone unsubscribes while we write
                subscriber.push(push)
            self._observer.delivered(publication, len(subscribers))


def _remove(channels: dict[str, dict[Subscriber, None]], channel: str, subscriber: Subscriber) -> None:
    subscribers = channels.get(channel)
    if subscribers is not None:
        subscribers.pop(subscriber, None)
        if not subscribers:
            del channels[channel]


def _announcement(channel: str, update: LiveUpdate) -> Announcement:
    info = msgspec.json.decode(update.info or b"", type=ClientInfo)
    if update.kind == JOIN:
        return Announcement(ServerPush(channel, join=JoinPush(info)))
    return Announcement(ServerPush(channel, leave=LeavePush(info)))
