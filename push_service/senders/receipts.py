"""The steps of a push, told to the delivery timeline."""

from backbone import receipts
from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT
from backbone.record import OutRecord, header
from domain.delivery_step import PushReceipt
from domain.ids import derived_id
from push_service.senders.work import Told, Verdict

SOURCE = "/fleetcast/senders"
LONGEST_DETAIL = 300  # characters


def receipt_record(codec: AvroCodec, verdict: Verdict, told: Told) -> OutRecord:
    """The same bytes whenever it is told again."""
    traceparent = header(verdict.work.record.headers, TRACEPARENT)
    return receipts.receipt_record(codec, _receipt(verdict, told), SOURCE, traceparent)


def _receipt(verdict: Verdict, told: Told) -> PushReceipt:
    push, attempt = verdict.work.push, verdict.work.attempt
    named = "|".join((push.key, push.user, push.id, str(attempt), str(verdict.at)))
    return PushReceipt(
        id=derived_id(named, f"push.{told.step}"),
        notification=push.id,
        tenant=push.tenant,
        user=push.user,
        step=told.step,
        at=verdict.at,
        outcome=told.outcome,
        detail=None if told.detail is None else told.detail[:LONGEST_DETAIL],
        installation=push.installation,
        provider=push.provider,
        platform=push.platform,
        model=push.model,
        app_version=push.app_version,
        provider_id=told.provider_id,
        attempt=attempt,
    )
