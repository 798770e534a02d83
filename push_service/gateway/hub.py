"""Who listens to which channel, and the fan-out: one push for all of a channel's subscribers."""

from typing import Protocol

from push_service.gateway.channel_rules import ChannelRules
from push_service.gateway.publication import Publication
from push_service.gateway.push import Push, Pushed


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
        self._observer = observer

    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """From now on the subscriber gets what the channel publishes."""
        self._channels.setdefault(channel, {})[subscriber] = None

    def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """From now on it does not. Unknown ones are ignored."""
        subscribers = self._channels.get(channel)
        if subscribers is not None:
            subscribers.pop(subscriber, None)
            if not subscribers:
                del self._channels[channel]

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
