"""Hands pushes over to the senders."""

from collections.abc import Sequence

import structlog

from backbone.codec import AvroCodec
from backbone.errors import RecordTooLarge
from backbone.publishing import BatchPublishing
from backbone.record import OutRecord
from domain.delivery_step import Step
from domain.instants import Micros
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.dispatcher.outbox import Outbox, Push
from push_service.dispatcher.receipts import NO_INSTALLATION, receipt_record, request_receipt, step_receipt
from runtime.fail_points import Reached, never
from storage.push_decisions import NoticeKey, PushDecisionStore

log = structlog.get_logger(__name__)

TOO_LARGE = "too-large"


class Handover:
    """Every step may be done again, in the same order, after a crash at any point: what was decided is decided, what
    is told again has the same ids, and a sender takes a request only while its notification is queued.

    Receipts come before the requests: a sender may be quick, and a timeline must be complete.
    """

    def __init__(
        self,
        decisions: PushDecisionStore,
        outbox: Outbox,
        publisher: BatchPublishing,
        codec: AvroCodec,
        reached: Reached = never,
    ) -> None:
        self._decisions = decisions
        self._outbox = outbox
        self._publisher = publisher
        self._codec = codec
        self._reached = reached

    def decide(self, pushes: Sequence[Push], now: Micros) -> int:
        """Push those whose decision is still pending; those whose time is over expire. Returns the requests made.

        Raises OutageError: do it again.
        """
        each_once = {push.key: push for push in pushes}.values()
        expired = [push for push in each_once if push.content.expires_at <= now]
        timely = [push for push in each_once if push.content.expires_at > now]
        told = self._expire(expired, now)
        queued = self._queue(timely)
        if queued:
            self._reached("pushes.queued")
        return self.hand_over([push for push in timely if push.key in queued], now, told)

    def hand_over(self, queued: Sequence[Push], now: Micros, told: Sequence[OutRecord] = ()) -> int:
        """Of notifications whose state is QUEUED: receipts (after those in `told`), then requests. Returns how many.

        Raises OutageError: do it again.
        """
        addressed = self._outbox.address(queued, now)
        receipts = [request_receipt(request, Step.QUEUED, now) for _, request in addressed.requests]
        receipts += [step_receipt(push.key, Step.CANCELLED, now, NO_INSTALLATION) for push in addressed.without]
        records = [*told, *(receipt_record(self._codec, receipt) for receipt in receipts)]
        if records:
            self._publisher.publish(records)
            self._reached("pushes.told")
        self._decisions.none(push.key for push in addressed.without)
        if addressed.requests:
            self._publish(addressed.requests, now)
            self._reached("pushes.requested")
        return len(addressed.requests)

    def _expire(self, pushes: Sequence[Push], now: Micros) -> list[OutRecord]:
        if not pushes:
            return []
        decided = self._decisions.expire(push.key for push in pushes)
        gone = decided.changed | {key for key, state in decided.others.items() if state is PushState.EXPIRED}
        return [
            receipt_record(self._codec, step_receipt(push.key, Step.EXPIRED, now))
            for push in pushes
            if push.key in gone
        ]

    def _queue(self, pushes: Sequence[Push]) -> frozenset[NoticeKey]:
        """Those that are queued: now, or by an earlier try of ours."""
        if not pushes:
            return frozenset()
        decided = self._decisions.queue(push.key for push in pushes)
        return decided.changed | {key for key, state in decided.others.items() if state is PushState.QUEUED}

    def _publish(self, requests: Sequence[tuple[Push, PushRequest]], now: Micros) -> None:
        """One that the broker can never take is told as failed; the others are published."""
        records = [self._outbox.record(push, request) for push, request in requests]
        start = 0
        while start < len(records):
            try:
                self._publisher.publish(records[start:])
            except RecordTooLarge as error:
                start += error.index
                _, request = requests[start]
                log.warning("push request is too large", topic=error.topic, notification=request.id)
                receipt = request_receipt(request, Step.FAILED, now, TOO_LARGE)
                self._publisher.publish([receipt_record(self._codec, receipt)])
                start += 1
            else:
                return
