"""What the dispatcher tells of its steps: receipts, as records of `push.receipts.v1`."""

from backbone import receipts
from backbone.codec import AvroCodec
from backbone.record import OutRecord
from domain.delivery_step import PushReceipt, Step
from domain.ids import derived_id
from domain.instants import Micros
from domain.push_request import PushRequest
from storage.push_decisions import NoticeKey

SOURCE = "/fleetcast/dispatcher"

NO_INSTALLATION = "no-installation"
"""An outcome: the user has nothing to push to."""


def step_receipt(
    key: NoticeKey, step: Step, at: Micros, outcome: str | None = None, detail: str | None = None
) -> PushReceipt:
    """Of a step that concerns no installation. Told again it has the same id."""
    return PushReceipt(
        id=derived_id("/".join(key), f"receipt.{step}.{outcome}"),
        notification=key.id,
        tenant=key.tenant,
        user=key.user,
        step=step,
        at=at,
        outcome=outcome,
        detail=detail,
    )


def request_receipt(request: PushRequest, step: Step, at: Micros, outcome: str | None = None) -> PushReceipt:
    """Of what the dispatcher did with a request to one installation. Told again it has the same id."""
    place = f"{request.tenant}/{request.user}/{request.id}/{request.installation}"
    return PushReceipt(
        id=derived_id(place, f"receipt.{step}.{outcome}"),
        notification=request.id,
        tenant=request.tenant,
        user=request.user,
        step=step,
        at=at,
        outcome=outcome,
        installation=request.installation,
        provider=request.provider,
        platform=request.platform,
        model=request.model,
        app_version=request.app_version,
    )


def receipt_record(codec: AvroCodec, receipt: PushReceipt) -> OutRecord:
    """As it is produced."""
    return receipts.receipt_record(codec, receipt, SOURCE)
