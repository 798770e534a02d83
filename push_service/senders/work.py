"""One push request as the senders work on it: what was read from Kafka, and what is decided about it."""

from typing import NamedTuple

import msgspec

from backbone.codec import AvroCodec
from backbone.headers import DUE_AT
from backbone.record import InRecord, header
from domain.errors import PermanentError
from domain.ids import ID_RULE, are_ids
from domain.installation import ApnsEnvironment, Installation
from domain.instants import Micros
from domain.push_request import PushRequest
from domain.push_state import PushState
from storage.push_decisions import Attempt

ATTEMPT = "retry-attempt"
"""Header: how often it was tried before, in digits. The value of the record stays as it was."""
REASON = "retry-reason"
PLAN = frozenset({ATTEMPT, REASON, DUE_AT})
"""All headers that a retry puts on."""
REDRIVEN = "redriven"
"""Header: somebody put it back from the dead letters, so that it may be sent although it has failed."""
MOST_DIGITS = 6


class Work(msgspec.Struct, frozen=True):
    """A request that was read."""

    record: InRecord
    push: PushRequest
    attempt: int
    """How often it was tried before."""
    redriven: bool

    @property
    def key(self) -> Attempt:
        """What is decided about."""
        return Attempt(self.push.tenant, self.push.user, self.push.id, self.push.installation)

    def to(self, installation: Installation) -> "Work":
        """The same, to the push token that the installation has now."""
        if installation.token_at == self.push.token_at and installation.environment == self.push.environment:
            return self
        push = msgspec.structs.replace(
            self.push,
            push_token=installation.push_token,
            token_at=installation.token_at,
            environment=None if installation.environment is None else str(installation.environment),
        )
        return msgspec.structs.replace(self, push=push)


class Retry(NamedTuple):
    """That it is tried again."""

    delay: str
    """A key of RETRY_DELAYS."""
    due_at: Micros
    reason: str


class TokenChange(NamedTuple):
    """What was learned of the push token."""

    disable: str | None = None
    """Deactivate it, for this reason."""
    moved: str | None = None
    """The one that takes its place."""
    environment: ApnsEnvironment | None = None


class Told(NamedTuple):
    """One step of the timeline."""

    step: str
    outcome: str | None = None
    detail: str | None = None
    provider_id: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a request. `at` is the instant of all of it."""

    work: Work
    at: Micros
    told: tuple[Told, ...] = ()
    finished: PushState | None = None
    retry: Retry | None = None
    buried: PermanentError | None = None
    token: TokenChange | None = None
    held: bool = False
    """It is not done: it comes again when the provider may be called."""


def read_work(codec: AvroCodec, record: InRecord, provider: str) -> Work:
    """Raises PermanentError for what can never be sent."""
    push = codec.decode(record.value or b"", PushRequest)
    if not are_ids(push.tenant, push.user, push.id, push.installation):
        raise PermanentError("bad-id", f"an id is {ID_RULE}")
    if push.provider != provider:
        raise PermanentError("wrong-provider", f"it is for {push.provider}")
    attempt = header(record.headers, ATTEMPT)
    tried = int(attempt) if attempt and len(attempt) <= MOST_DIGITS and attempt.isdigit() else push.attempt
    return Work(record, push, tried, header(record.headers, REDRIVEN) is not None)
