"""From a batch of push requests to a provider's pool, and back to what became of each."""

import time
from collections.abc import Callable, Sequence

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.group_options import now_micros
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from domain.errors import OutageError, PermanentError
from domain.instants import Micros
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.senders.pool import Call, Pool
from push_service.senders.settlement import Place, Settlement, place_of
from push_service.senders.verdicts import Verdicts, expired, refused, unreachable
from push_service.senders.work import Verdict, Work, read_work
from runtime.fail_points import Reached, never
from storage.push_decisions import Attempt, PushDecisionStore
from storage.push_targets import PushTargets

SLICE_SECONDS = 0.5
"""For so long at the allowed rate leave is asked at once: whoever acknowledges later is spared only the next slice."""
_REVIVED = frozenset({PushState.FAILED, PushState.EXPIRED})

SendAll = Callable[[Sequence[PushRequest]], list[Call | None]]
"""`Pool.send_all`, called from the consumer's thread and waited for."""


class SendersHandler(BatchHandler):
    """A batch goes in slices: leave to send is asked of PostgreSQL just before the calls, what became of them is
    settled just after. In an outage what is done is remembered, so that a batch which comes again is not sent again.
    """

    def __init__(
        self,
        provider: str,
        *,
        codec: AvroCodec,
        pool: Pool,
        send_all: SendAll,
        decisions: PushDecisionStore,
        targets: PushTargets,
        settlement: Settlement,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], Micros] = now_micros,
        reached: Reached = never,
    ) -> None:
        self._provider = provider
        self._codec = codec
        self._pool = pool
        self._send_all = send_all
        self._decisions = decisions
        self._targets = targets
        self._settlement = settlement
        self._verdicts = Verdicts(pool.circuit, pool.hygiene)
        self._clock = clock
        self._now = now
        self._reached = reached
        self._done: set[Place] = set()

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:  # noqa: ARG002
        """Where the group's commit says."""
        return None

    def tick(self) -> None:
        """Nothing becomes due by itself."""

    def released(self, partition: PartitionRef, *, lost: bool) -> None:  # noqa: ARG002
        """Whoever has it next asks PostgreSQL what is done."""
        self._done = {each for each in self._done if each[:2] != (partition.topic, partition.partition)}

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler. Raises OutageError also while the provider is paused: then everything waits in Kafka."""
        self._settle()  # what an outage has left
        works = self._read(records)
        while waiting := self._in_time(works):
            self._settlement.add(self._send(self._slice(waiting)))
            self._settle()
        self._done.difference_update(place_of(record) for record in records)

    def _settle(self) -> None:
        self._done |= self._settlement.settle()

    def _read(self, records: Sequence[InRecord]) -> list[Work]:
        works = []
        for record in records:
            if place_of(record) in self._done:
                continue
            try:
                works.append(read_work(self._codec, record, self._provider))
            except PermanentError as error:
                self._settlement.bury(record, error)
        return works

    def _in_time(self, works: Sequence[Work]) -> list[Work]:
        """Those that are left to send. Of those whose time has ended it is told that it has."""
        now = self._now()
        left = [work for work in works if place_of(work.record) not in self._done]
        self._settlement.add(expired(work, now) for work in left if work.push.content.expires_at <= now)
        self._settle()
        return [work for work in left if work.push.content.expires_at > now]

    def _slice(self, works: Sequence[Work]) -> list[Work]:
        """Those to send now: no attempt twice, and but one as long as it is a probe. Raises OutageError."""
        if self._pool.stopping.is_set():
            raise OutageError("stopping")
        circuit = self._pool.circuit
        pause = circuit.wait(self._clock())
        if pause > 0.0:
            raise OutageError(f"{self._provider} is not called for {pause:.1f} s: {circuit.reason}")
        most = max(1, round(self._pool.pace.rate * SLICE_SECONDS)) if circuit.closed else 1
        return list({work.key: work for work in reversed(works[:most])}.values())[::-1]

    def _send(self, works: Sequence[Work]) -> list[Verdict]:
        sendable = self._decisions.sending([work.key for work in works])
        verdicts, granted = [], []
        for work in works:
            state = sendable.refused.get(work.key)
            if work.key in sendable.granted or (work.redriven and state in _REVIVED):
                granted.append(work)
            else:
                verdicts.append(refused(work, state, self._now()))
        addressed = self._addressed(granted)
        verdicts += [unreachable(work, self._now()) for work in granted if work.key not in addressed]
        self._reached("senders.granted")
        calls = self._send_all([work.push for work in addressed.values()])
        self._reached("senders.called")
        called = zip(addressed.values(), calls, strict=True)
        return verdicts + [self._verdicts.of_call(work, call) for work, call in called if call is not None]

    def _addressed(self, works: Sequence[Work]) -> dict[Attempt, Work]:
        """With the push tokens of now: a request may have waited for hours, and its phone may be another user's."""
        if not works:
            return {}
        found = self._targets.of_installations([(work.push.tenant, work.push.installation) for work in works])
        addressed = {}
        for work in works:
            installation = found.get((work.push.tenant, work.push.installation))
            if installation is not None and installation.user == work.push.user:
                addressed[work.key] = work.to(installation)
        return addressed
