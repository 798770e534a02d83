"""Writes down what became of pushes: first told to Kafka, then decided in PostgreSQL.

In this order a process that dies in between tells a step twice rather than never. All of it may be done again.
"""

from collections import deque
from collections.abc import Iterable

import structlog

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord
from backbone.topics import dead_letter_topic, push_outbox
from domain.errors import PermanentError
from domain.push_state import PushState
from push_service.senders.metrics import SendersMetrics
from push_service.senders.receipts import receipt_record
from push_service.senders.retries import retry_record
from push_service.senders.work import Verdict
from runtime.fail_points import Reached, never
from storage.push_decisions import Finished, PushDecisionStore
from storage.push_targets import PushTargets

log = structlog.get_logger(__name__)

Place = tuple[str, int, int]
"""Topic, partition and offset of a record."""


def place_of(record: InRecord) -> Place:
    """Where it stands."""
    return (record.topic, record.partition, record.offset)


class Settlement:
    """Of one provider's group. What is added is kept until it is settled."""

    def __init__(
        self,
        provider: str,
        *,
        codec: AvroCodec,
        publisher: BatchPublishing,
        letters: DeadLetters,
        decisions: PushDecisionStore,
        targets: PushTargets,
        metrics: SendersMetrics,
        reached: Reached = never,
    ) -> None:
        self._provider = provider
        self._group = group_of(provider)
        self._outbox = push_outbox(provider).name
        self._codec = codec
        self._publisher = publisher
        self._letters = letters
        self._decisions = decisions
        self._targets = targets
        self._metrics = metrics
        self._reached = reached
        self._verdicts: deque[Verdict] = deque()
        self._unreadable: deque[tuple[InRecord, PermanentError]] = deque()

    def add(self, verdicts: Iterable[Verdict]) -> None:
        """To be settled."""
        self._verdicts.extend(verdicts)

    def bury(self, record: InRecord, error: PermanentError) -> None:
        """A record that is no push request."""
        self._unreadable.append((record, error))

    def settle(self) -> set[Place]:
        """Settle all that was added. Returns the records that are done. Raises OutageError: nothing is lost by it,
        the next call settles the same.
        """
        verdicts, unreadable = list(self._verdicts), list(self._unreadable)
        records = [self._letter(record, error) for record, error in unreadable]
        for verdict in verdicts:
            records += self._records(verdict)
        if records:
            self._publisher.publish(records)
            self._reached("senders.told")
        self._store(verdicts)
        if verdicts:
            self._reached("senders.decided")
        self._verdicts.clear()
        self._unreadable.clear()
        self._count(verdicts)
        for record, error in unreadable:
            self._letters.buried(record, error)
        done = [verdict.work.record for verdict in verdicts if not verdict.held]
        return {place_of(record) for record in [*done, *(record for record, _ in unreadable)]}

    def _records(self, verdict: Verdict) -> list[OutRecord]:
        records = [receipt_record(self._codec, verdict, told) for told in verdict.told]
        if verdict.retry is not None:
            records.append(retry_record(verdict.work, verdict.retry, self._outbox, self._group))
        if verdict.buried is not None:
            records.append(self._letter(verdict.work.record, verdict.buried))
        return records

    def _letter(self, record: InRecord, error: PermanentError) -> OutRecord:
        """In the outbox's dead letters, also when it was read from a retry topic."""
        letter = self._letters.letter(record, error)
        return OutRecord(dead_letter_topic(self._outbox, self._group), letter.key, letter.value, letter.headers)

    def _store(self, verdicts: Iterable[Verdict]) -> None:
        finished = []
        for verdict in verdicts:
            self._change_token(verdict)
            if verdict.finished is not None:
                finished.append(Finished(verdict.work.key, verdict.finished))
        if finished:
            self._decisions.finish(finished)

    def _change_token(self, verdict: Verdict) -> None:
        change, push = verdict.token, verdict.work.push
        if change is None:
            return
        tenant, installation, token_at = push.tenant, push.installation, push.token_at
        if change.environment is not None and push.environment is None:
            self._targets.learn_environment(tenant, installation, token_at=token_at, environment=change.environment)
        if change.moved is not None:
            self._targets.moved(tenant, installation, token_at=token_at, at=verdict.at, push_token=change.moved)
        if change.disable is not None and self._targets.disable(
            tenant, installation, token_at=token_at, at=verdict.at, reason=change.disable
        ):
            self._metrics.disabled.labels(self._provider, change.disable).inc()
            log.info("push token deactivated", provider=self._provider, installation=push.key, reason=change.disable)

    def _count(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            if not verdict.held:
                self._metrics.pushes.labels(self._provider, _word(verdict)).inc()
            if verdict.buried is not None:
                self._letters.buried(verdict.work.record, verdict.buried)


def group_of(provider: str) -> str:
    """The consumer group of a provider's senders."""
    return f"senders-{provider}"


def _word(verdict: Verdict) -> str:
    if verdict.finished is not None:
        return str(PushState(verdict.finished))
    if verdict.retry is not None:
        return "retried"
    return "cancelled" if verdict.told else "repeat"
