"""What waits before it is pushed: a moment for an acknowledgement, or hours for the end of quiet hours or a digest."""

from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT, due_at_header, event_headers
from backbone.record import OutRecord, header
from backbone.topics import PUSH_PENDING
from domain.ids import derived_id
from domain.instants import Micros
from domain.notification import PushPending
from push_service.dispatcher.incoming import Incoming
from push_service.dispatcher.phases import digest_request, quiet_request
from push_service.dispatcher.push_plan import PushPlan
from push_service.dispatcher.receipts import SOURCE
from storage.scheduled import ScheduledRequest

RULE = "push.pending"


def pending_record(codec: AvroCodec, incoming: Incoming, due_at: Micros) -> OutRecord:
    """A record of `push.pending.v1`: pushed at `due_at`, unless it is acknowledged before."""
    told = incoming.told
    pending = PushPending(
        id=told.id,
        tenant=told.tenant,
        user=told.user,
        installation=told.installation,
        due_at=due_at,
        content=told.content,
    )
    trace = header(incoming.record.headers, TRACEPARENT)
    headers = event_headers(
        derived_id(f"{pending.key}/{told.id}", RULE), "fleetcast.push-pending", SOURCE, told.content.created_at, trace
    )
    headers.append(due_at_header(due_at))
    return OutRecord(PUSH_PENDING.name, pending.key.encode(), codec.encode(PUSH_PENDING, pending), headers)


def put_off(incoming: Incoming, plan: PushPlan, now: Micros) -> ScheduledRequest:
    """The request that brings its push back when its time has come; one for all of a type where it is a digest.

    Of a notification that was held by an earlier try of ours, whose time is over meanwhile, it is due now.
    """
    told = incoming.told
    if plan.until is None:
        return quiet_request(told, now)
    if plan.digest and told.installation is None:
        return digest_request(told.tenant, told.user, told.content.type, plan.until)
    return quiet_request(told, plan.until)
