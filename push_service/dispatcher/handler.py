"""Notifications in; history, live updates and decided pushes out.

The order is: decode, classify, store, put off what has to wait, publish, hand pushes over. Then the batch is done, and
only the commit says so: whatever of it is done again finds its own row in the history, with what was decided, and
publishes the same records once more, which readers know by their source or by their state.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT
from backbone.outputs import Letters, Output, publish_all
from backbone.partition_ref import PartitionRef
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord, header
from domain.delivery_step import PushReceipt, Step
from domain.errors import PermanentError
from domain.instants import SECOND, Micros
from domain.notification import Phase
from domain.push_state import PushState
from push_service.dispatcher.classification import Classified, Classifier
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.incoming import Incoming, read_notification
from push_service.dispatcher.live_updates import live_record
from push_service.dispatcher.metrics import DispatcherMetrics
from push_service.dispatcher.outbox import Push
from push_service.dispatcher.push_plan import Why
from push_service.dispatcher.receipts import receipt_record, step_receipt
from push_service.dispatcher.waiting import pending_record, put_off
from runtime.fail_points import Reached, never
from storage.notices import Verdict
from storage.notification_log import NewNotice, NotificationStore, Outcome, Stored
from storage.push_decisions import NoticeKey
from storage.scheduled import ScheduledPutting

GROUP = "dispatcher"


class Returns(Protocol):
    """What becomes of pushes that were put off and are due now."""

    def returned(self, pushes: Sequence[tuple[Phase, Push]], now: Micros) -> None:
        """They are decided. May be asked again for the same ones. Raises OutageError."""
        ...


class _Told(NamedTuple):
    """A notification that is in the history, by us."""

    classified: Classified
    stored: Stored

    @property
    def incoming(self) -> Incoming:
        return self.classified.incoming

    @property
    def key(self) -> NoticeKey:
        told = self.incoming.told
        return NoticeKey(told.tenant, told.user, told.id)


class DispatcherHandler(BatchHandler):
    """No state of its own: where to begin is what the group has committed."""

    def __init__(
        self,
        *,
        codec: AvroCodec,
        publisher: BatchPublishing,
        letters: Letters,
        classifier: Classifier,
        log: NotificationStore,
        scheduled: ScheduledPutting,
        handover: Handover,
        returns: Returns,
        metrics: DispatcherMetrics,
        ack_within: Micros = 3 * SECOND,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1000,
        reached: Reached = never,
    ) -> None:
        """`ack_within`: how long a notification that was shown waits for its acknowledgement."""
        self._codec = codec
        self._publisher = publisher
        self._letters = letters
        self._classifier = classifier
        self._log = log
        self._scheduled = scheduled
        self._handover = handover
        self._returns = returns
        self._metrics = metrics
        self._ack_within = ack_within
        self._clock = clock
        self._reached = reached
        self._topic_ids: dict[tuple[str, int], str] = {}

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:  # noqa: ARG002
        """Begins where the group has committed."""
        self._topic_ids[partition.topic, partition.partition] = partition.topic_id
        return None

    def tick(self) -> None:
        """Nothing is due without a record."""

    def released(self, partition: PartitionRef, *, lost: bool) -> None:  # noqa: ARG002
        """There is nothing to write."""
        self._topic_ids.pop((partition.topic, partition.partition), None)

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        incoming, faults = self._read(records)
        now = self._clock()
        shown = [each for each in incoming if each.told.phase == Phase.SHOW]
        returned = [each for each in incoming if each.told.phase != Phase.SHOW]
        told, outcomes = self._store(shown, now)
        self._reached("dispatcher.stored")
        held = [each for each in told if each.stored.state is PushState.HELD]
        if held:
            self._scheduled.put([put_off(each.incoming, each.classified.plan, now) for each in held])
            self._reached("dispatcher.put-off")
        letters = [Output(self._letters.letter(record, error), record) for record, error in faults]
        publish_all(self._publisher, [*letters, *self._outputs(told, now)], self._letters)
        self._reached("dispatcher.published")
        self._handover.hand_over(
            [push_of(each.incoming) for each in told if each.stored.state is PushState.QUEUED],
            self._clock(),  # not the batch's: in the timeline it comes after what was stored
        )
        self._reached("dispatcher.handed-over")
        if returned:
            self._returns.returned([(Phase(each.told.phase), push_of(each)) for each in returned], now)
        outcomes["returned"] += len(returned)
        self._count(told, faults, outcomes)
        self._reached("dispatcher.done")

    def _read(self, records: Sequence[InRecord]) -> tuple[list[Incoming], list[tuple[InRecord, PermanentError]]]:
        incoming, faults = [], []
        for record in records:
            try:
                topic_id = self._topic_ids[record.topic, record.partition]
                incoming.append(read_notification(self._codec, record, topic_id))
            except PermanentError as error:
                faults.append((record, error))
        return incoming, faults

    def _store(self, shown: Sequence[Incoming], now: Micros) -> tuple[list[_Told], Counter[str]]:
        classified = self._classifier.classify(shown, now) if shown else []
        self._reached("dispatcher.classified")
        stored = self._log.store(
            [
                NewNotice(
                    each.incoming.told,
                    each.incoming.place,
                    now,
                    each.plan.state,
                    each.verdict is Verdict.CORRECTION,
                )
                for each in classified
            ]
        )
        outcomes = Counter({"duplicate": len(shown) - len(classified)})
        told = []
        for each, answer in zip(classified, stored, strict=True):
            outcomes[_outcome(answer)] += 1
            if answer.outcome is not Outcome.DUPLICATE:
                told.append(_Told(each, answer))
        return told, outcomes

    def _outputs(self, told: Sequence[_Told], now: Micros) -> Iterator[Output]:
        for each in told:
            try:
                records = list(self._records(each, now))
            except PermanentError as error:
                records = [self._letters.letter(each.incoming.record, error)]
                self._letters.buried(each.incoming.record, error)
            for record in records:
                yield Output(record, each.incoming.record)

    def _records(self, each: _Told, now: Micros) -> Iterator[OutRecord]:
        if each.stored.outdated_by is None and each.classified.plan.live:
            yield live_record(self._codec, each.incoming, each.stored)
        if each.stored.state is PushState.PENDING:
            yield pending_record(self._codec, each.incoming, now + self._ack_within)
        for receipt in _receipts(each, now):
            yield receipt_record(self._codec, receipt)

    def _count(
        self, told: Sequence[_Told], faults: Sequence[tuple[InRecord, PermanentError]], outcomes: Counter[str]
    ) -> None:
        for record, error in faults:
            self._letters.buried(record, error)
        outcomes["dead_letter"] += len(faults)
        for outcome, count in outcomes.items():
            if count:
                self._metrics.notifications.labels(outcome).inc(count)
        new = [each for each in told if each.stored.outcome is Outcome.STORED]
        self._metrics.stored(each.stored.state for each in new)
        self._metrics.told((each.incoming.told.content.accepted_at for each in new), self._clock())


def _outcome(stored: Stored) -> str:
    if stored.outcome is Outcome.STORED:
        if stored.outdated_by is not None:
            return "outdated"
        return "new" if stored.replaces is None else "correction"
    return "again" if stored.outcome is Outcome.AGAIN else "duplicate"


def _receipts(each: _Told, now: Micros) -> Iterator[PushReceipt]:
    """Of what was decided just now; what is handed over tells its own, and what waits tells later."""
    stored, plan = each.stored, each.classified.plan
    if stored.outdated_by is not None:
        yield step_receipt(each.key, Step.CANCELLED, now, Why.REPLACED, stored.outdated_by)
    if stored.replaces is not None:
        replaced = each.key._replace(id=stored.replaces)
        yield step_receipt(replaced, Step.CANCELLED, now, Why.REPLACED, each.key.id)
    if stored.state is PushState.NONE and plan.state is PushState.NONE:
        yield step_receipt(each.key, Step.CANCELLED, now, plan.why)
    elif stored.state is PushState.HELD and plan.state is PushState.HELD:
        yield step_receipt(each.key, Step.HELD, now, plan.why)
    elif stored.state is PushState.EXPIRED and plan.state is PushState.EXPIRED:
        yield step_receipt(each.key, Step.EXPIRED, now)


def push_of(incoming: Incoming) -> Push:
    """As it is handed over."""
    told = incoming.told
    return Push(
        tenant=told.tenant,
        user=told.user,
        id=told.id,
        installation=told.installation,
        content=told.content,
        traceparent=header(incoming.record.headers, TRACEPARENT),
    )
