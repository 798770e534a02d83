"""What a provider's sender is, and the outcomes that it may tell. One file for each provider keeps to this.

The outcome decides everything that follows; no rule of a provider is known anywhere else:

| outcome | the record | the push token | the channel |
|---|---|---|---|
| Accepted | done | kept | works: alarms end |
| Unregistered | done | deactivated, unless an alarm is on or it was registered since | works |
| TokenMoved | done | replaced | works |
| Throttled | again later | kept | of scope `project`: pauses for that time, then starts slowly |
| Temporary | again later | kept | pauses when nothing but this comes |
| Ambiguous | again later, under the same tag: a phone shows it once | kept | as Temporary |
| TooLarge | dead letter | kept | works |
| OurFault | dead letter | kept | works, with an alarm |
| Misconfigured | again when it is repaired | kept | stops, with an alarm, but for a probe now and then |
"""

import enum
from typing import Protocol

import msgspec

from domain.installation import ApnsEnvironment
from domain.instants import Micros
from domain.push_request import PushRequest


class Scope(enum.StrEnum):
    """Whom a throttling concerns."""

    DEVICE = "device"
    PROJECT = "project"


class Accepted(msgspec.Struct, frozen=True):
    """The provider took it."""

    provider_id: str | None
    """The provider's name for it."""
    environment: ApnsEnvironment | None = None
    """Learned by the way: which of Apple's services knows the push token."""


class Unregistered(msgspec.Struct, frozen=True):
    """The provider says that this push token is no use any more."""

    reason: str
    """A short slug; the provider's own word where it has one."""
    at: Micros | None = None
    """Since when, if it says so: a push token registered later is another matter."""
    doubtful: bool = False
    """A wrong configuration of ours would be answered the same way: believed only of a channel that works otherwise."""


class TokenMoved(msgspec.Struct, frozen=True):
    """The provider took it, and says that the push token is another one from now on."""

    push_token: str
    provider_id: str | None = None


class Throttled(msgspec.Struct, frozen=True):
    """Too much at a time."""

    reason: str
    retry_after: float
    """Seconds: the provider's word, else our own rule for it."""
    scope: Scope


class Temporary(msgspec.Struct, frozen=True):
    """The provider did not take it, and may later. It is known that it was not taken."""

    reason: str
    retry_after: float | None = None
    """Seconds, if the provider names a time."""


class Ambiguous(msgspec.Struct, frozen=True):
    """Nobody knows whether it was taken: no answer in time, or the connection broke."""

    reason: str


class TooLarge(msgspec.Struct, frozen=True):
    """It is over the provider's limit even when shrunk."""

    detail: str


class OurFault(msgspec.Struct, frozen=True):
    """The provider refuses what we built. The next one may be well."""

    reason: str
    detail: str


class Misconfigured(msgspec.Struct, frozen=True):
    """Our credentials, our project or what stands between us and the provider is wrong: so for every push token."""

    reason: str
    detail: str
    stops: bool = True
    """False: it concerns some of the push tokens only; theirs wait, the others go on."""


Outcome = Accepted | Unregistered | TokenMoved | Throttled | Temporary | Ambiguous | TooLarge | OurFault | Misconfigured


class Sender(Protocol):
    """One provider. Its methods are called on one event loop."""

    async def send(self, push: PushRequest) -> Outcome:
        """One attempt to reach one installation, many at a time.

        It may be cancelled when it takes too long, which whoever calls takes for Ambiguous; it does not wait and try
        again by itself, but for what its table of answers says. Whatever the provider answers is an outcome: it raises
        nothing.
        """
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


def outcome_name(outcome: Outcome) -> str:
    """The word of receipts and metrics: accepted, unregistered, token-moved, throttled, temporary, ..."""
    return _NAMES[type(outcome)]


_NAMES: dict[type, str] = {
    Accepted: "accepted",
    Unregistered: "unregistered",
    TokenMoved: "token-moved",
    Throttled: "throttled",
    Temporary: "temporary",
    Ambiguous: "ambiguous",
    TooLarge: "too-large",
    OurFault: "our-fault",
    Misconfigured: "misconfigured",
}
