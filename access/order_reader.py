"""Reads orders: what the global table of `gateway.control.v1` makes of its records."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from backbone.record import InRecord
from domain.errors import PermanentError
from domain.gateway_control import GatewayControl

log = structlog.get_logger(__name__)


class OrderCodec(Protocol):
    """The part of `backbone.codec.AvroCodec` that reading orders needs."""

    def decode(self, raw: bytes, into: type[GatewayControl]) -> GatewayControl: ...


class OrderReader:
    """A `TableView`: decodes in the table's thread, where the schema registry may be waited for, and hands over to the
    event loop that it was made on.
    """

    def __init__(self, codec: OrderCodec, take: Callable[[GatewayControl], object]) -> None:
        """`take` is called on the loop, in the records' order."""
        self._codec = codec
        self._take = take
        self._loop = asyncio.get_running_loop()

    def apply(self, record: InRecord) -> None:
        """See `TableView`."""
        if record.value is None:
            return  # what was revoked stays so for its time
        order = self._codec.decode(record.value, GatewayControl)
        try:
            self._loop.call_soon_threadsafe(self._take, order)
        except RuntimeError:
            log.info("the event loop ended before the orders")


def skip_order(record: InRecord, error: PermanentError) -> None:
    """An order that nobody can read concerns nobody."""
    log.error("order not readable", partition=record.partition, offset=record.offset, reason=error.reason)


async def orders_known(wait: Callable[[threading.Event], bool], stopping: asyncio.Event) -> bool:
    """Returns when all orders so far were carried out: what `wait` returns for was handed to the loop before.

    False: the process is to stop first.
    """
    stop = threading.Event()
    waiting = asyncio.ensure_future(asyncio.to_thread(wait, stop))
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        stopped.cancel()
    return await waiting
