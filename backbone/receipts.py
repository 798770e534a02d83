"""Receipts as records: what gateway, dispatcher, senders and control_api tell of a notification's way."""

from typing import Protocol

import msgspec

from backbone.headers import event_headers
from backbone.record import OutRecord
from backbone.topics import PUSH_RECEIPTS, Topic
from domain.delivery_step import PushReceipt


class ReceiptEncoder(Protocol):
    """The part of `backbone.codec.AvroCodec` that writing needs; its schema is prepared before."""

    def encode(self, topic: Topic, value: msgspec.Struct) -> bytes: ...


def receipt_record(
    encoder: ReceiptEncoder, receipt: PushReceipt, source: str, traceparent: bytes | None = None
) -> OutRecord:
    """A record of `push.receipts.v1`. `source`: who tells it, such as `/gateway`; `traceparent`: of what led to it."""
    headers = event_headers(receipt.id, f"fleetcast.receipt.{receipt.step}", source, receipt.at, traceparent)
    return OutRecord(PUSH_RECEIPTS.name, receipt.key.encode(), encoder.encode(PUSH_RECEIPTS, receipt), headers)
