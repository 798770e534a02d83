"""Requests in, one notification for each user out. There is no state: what is not done yet is a request again.

A request that tells the followers of an interest tells a chunk of them, and then puts itself on the topic again, to go
on behind the last: so a million followers are a stream that goes on wherever it ended, in which others have their turn.
Whatever is done twice makes notifications of the same ids.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT, event_headers
from backbone.outputs import Letters
from backbone.partition_ref import PartitionRef
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord, header
from backbone.topics import NOTIFICATION_REQUESTS
from domain.errors import PermanentError
from domain.instants import SECOND, Micros
from domain.notification import NotificationRequest
from runtime.fail_points import Reached, never
from storage.push_targets import InstallationKey
from storage.scheduled import ScheduledPutting, ScheduledRequest, send_id
from stream_processors.address.audience import Audience
from stream_processors.address.metrics import SCHEDULED, AddressMetrics
from stream_processors.address.notification_mold import SOURCE, NotificationMold
from stream_processors.address.outbox import Outbox
from stream_processors.address.requests import read_request

Arrival = tuple[InRecord, NotificationRequest]


class AddressHandler(BatchHandler):
    """The order is: decode, put off what is not due, look up users, publish chunk by chunk."""

    def __init__(
        self,
        *,
        codec: AvroCodec,
        publisher: BatchPublishing,
        letters: Letters,
        audience: Audience,
        scheduled: ScheduledPutting,
        metrics: AddressMetrics,
        clock: Callable[[], float] = time.time,
        reached: Reached = never,
    ) -> None:
        self._codec = codec
        self._publisher = publisher
        self._letters = letters
        self._audience = audience
        self._scheduled = scheduled
        self._metrics = metrics
        self._clock = clock
        self._reached = reached

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:  # noqa: ARG002
        """Begin at the commit."""
        return None

    def tick(self) -> None:
        """Nothing becomes due by itself."""

    def released(self, partition: PartitionRef, *, lost: bool) -> None:
        """There is nothing to forget."""

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        turn = _Turn(Outbox(self._publisher, self._letters, self._reached))
        due, later = self._read(records, turn)
        self._put_off(later, turn)
        owners = self._audience.owners([request for _, request in due])
        for record, request in due:
            self._address(record, request, owners, turn)
        turn.outbox.flush()
        self._reached("address.done")
        self._count(turn)

    def _read(self, records: Sequence[InRecord], turn: "_Turn") -> tuple[list[Arrival], list[Arrival]]:
        """Those that are due, and those that are not."""
        due: list[Arrival] = []
        later: list[Arrival] = []
        now: Micros = round(self._clock() * SECOND)
        for record in records:
            try:
                request = read_request(self._codec, record)
            except PermanentError as error:
                self._bury(record, error, turn)
            else:
                put_off = request.send_at is not None and request.send_at > now
                (later if put_off else due).append((record, request))
        return due, later

    def _put_off(self, later: Sequence[Arrival], turn: "_Turn") -> None:
        """A timer brings them back when they are due."""
        if later:
            self._scheduled.put([_scheduled(request) for _, request in later])
            turn.done += [(request, SCHEDULED) for _, request in later]
            self._reached("address.put-off")

    def _address(
        self, record: InRecord, request: NotificationRequest, owners: dict[InstallationKey, str], turn: "_Turn"
    ) -> None:
        try:
            told = self._audience.of(request, owners)
            mold = NotificationMold(self._codec, request, record)
        except PermanentError as error:
            self._bury(record, error, turn)
            return
        turn.notifications += turn.outbox.put(mold.cast(told.users), record)
        if told.go_on_after is not None:
            # It comes last: whoever is told by it comes behind those who were told.
            turn.outbox.put([self._continuation(record, request, told.go_on_after)], record)
        turn.done.append((request, told.how))

    def _continuation(self, record: InRecord, request: NotificationRequest, after: str) -> OutRecord:
        rest = msgspec.structs.replace(request, after=after)
        traceparent = header(record.headers, TRACEPARENT)
        return OutRecord(
            topic=NOTIFICATION_REQUESTS.name,
            key=rest.key.encode(),
            value=self._codec.encode(NOTIFICATION_REQUESTS, rest),
            headers=event_headers(
                rest.id, "fleetcast.notification-request", SOURCE, rest.content.created_at, traceparent
            ),
        )

    def _bury(self, record: InRecord, error: PermanentError, turn: "_Turn") -> None:
        turn.outbox.put([self._letters.letter(record, error)], record)
        turn.faults.append((record, error))

    def _count(self, turn: "_Turn") -> None:
        now = self._clock()
        for request, outcome in turn.done:
            self._metrics.done(request, outcome, now)
        for record, error in turn.faults:
            self._letters.buried(record, error)
        self._metrics.notifications.inc(turn.notifications)


def _scheduled(request: NotificationRequest) -> ScheduledRequest:
    assert request.send_at is not None
    return ScheduledRequest(send_id(request.id), request.send_at, msgspec.structs.replace(request, send_at=None))


class _Turn:
    """What came of a batch, counted when all of it is done."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.done: list[tuple[NotificationRequest, str]] = []
        self.faults: list[tuple[InRecord, PermanentError]] = []
        self.notifications = 0
