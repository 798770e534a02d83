"""Acknowledgements that did not come: what is due of `push.pending.v1` goes to phones."""

import time
from collections.abc import Callable, Sequence

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.headers import TRACEPARENT
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord, header
from domain.errors import PermanentError
from domain.ids import ID_RULE, are_ids
from domain.instants import Micros
from domain.notification import PushPending
from push_service.dispatcher.delivery_metrics import PendingMetrics
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.outbox import Push

GROUP = "dispatcher-pending"
"""Its consumer takes `due_at=due_at_of`: the deadline of an acknowledgement is in the header of its record."""


class PendingHandler(BatchHandler):
    """No state of its own: the decisions in PostgreSQL say what was done before."""

    def __init__(
        self,
        *,
        codec: AvroCodec,
        handover: Handover,
        letters: DeadLetters,
        metrics: PendingMetrics,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._codec = codec
        self._handover = handover
        self._letters = letters
        self._metrics = metrics
        self._clock = clock

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:  # noqa: ARG002
        """Begins where the group has committed."""
        return None

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        now = self._clock()
        due = [pending for pending in map(self._read, records) if pending is not None]
        requests = self._handover.decide([push for push, _ in due], now)
        self._metrics.requests.inc(requests)
        for _, due_at in due:
            self._metrics.overdue_seconds.observe(max(0, now - due_at) / 1_000_000)

    def tick(self) -> None:
        """Nothing is due without a record."""

    def released(self, partition: PartitionRef, *, lost: bool) -> None:
        """Nothing to forget."""

    def _read(self, record: InRecord) -> tuple[Push, Micros] | None:
        try:
            pending = _legal(self._codec.decode(record.value or b"", PushPending))
        except PermanentError as error:
            self._letters.bury(record, error)
            return None
        push = Push(
            tenant=pending.tenant,
            user=pending.user,
            id=pending.id,
            installation=pending.installation,
            content=pending.content,
            traceparent=header(record.headers, TRACEPARENT),
        )
        return push, pending.due_at


def _legal(pending: PushPending) -> PushPending:
    """PostgreSQL refuses a whole batch for one text that it cannot have."""
    if not are_ids(pending.tenant, pending.user, pending.id, pending.installation):
        raise PermanentError("bad-id", f"an id is {ID_RULE}")
    return pending
