"""What open sockets are told of a notification, as a record of `user.live.v1`."""

from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT, channels_header, event_headers
from backbone.record import OutRecord, header
from backbone.topics import USER_LIVE
from domain.channels import user_channel
from domain.ids import derived_id
from domain.live_update import LiveUpdate
from domain.notification_live import NOTIFICATION, notification_payload
from push_service.dispatcher.incoming import Incoming
from push_service.dispatcher.receipts import SOURCE
from storage.notification_log import Stored

RULE = "live.notification"


def live_record(codec: AvroCodec, incoming: Incoming, stored: Stored) -> OutRecord:
    """The same at every redo. Raises UnencodableRecord."""
    told, content = incoming.told, incoming.told.content
    key = f"{told.tenant}/{told.user}"
    channels = [user_channel(told.tenant, told.user)]
    update = LiveUpdate(
        id=derived_id(f"{key}/{told.id}", RULE),
        fleet=told.tenant,
        channels=channels,
        kind=NOTIFICATION,
        entity=f"notification/{told.id}",
        event_time=content.created_at,
        version=stored.seq,
        received_at=content.accepted_at,
        payload=notification_payload(told.id, content, seq=stored.seq, replaces=stored.replaces),
        source=incoming.source,
    )
    trace = header(incoming.record.headers, TRACEPARENT)
    headers = event_headers(update.id, "fleetcast.live.notification", SOURCE, content.created_at, trace)
    headers.append(channels_header(channels))
    return OutRecord(topic=USER_LIVE.name, key=key.encode(), value=codec.encode(USER_LIVE, update), headers=headers)
