"""Looks for channels' records in what Kafka keeps of a partition: one look at a time, shared by all who need it."""

import asyncio
import re
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec
import structlog

from backbone.headers import channels_of
from backbone.lookups import Place
from backbone.partition_fetcher import Wanted
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from backbone.topic_scan import Range
from domain.errors import PermanentError
from domain.live_update import PASSING_KINDS, LiveUpdate
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.reading.gap import joined, size
from push_service.gateway.reading.live_decoder import Codec

log = structlog.get_logger(__name__)

_GATHER_SECONDS = 0.005
_LOOKS_AT_A_TIME = 2
_OVERHEAD_BYTES = 150
"""What a record that was found takes in memory besides its value."""
_MAX_NAMES = 100
_MAX_PATTERNS = 4
"""With more, to look for the channels' names in each value takes as long as to read each header."""


class PartSource(Protocol):
    """What is used of `backbone.topic_scan.TopicScan`, or of its twin in memory. Blocking."""

    def parts(
        self, place: Place, ranges: Sequence[Range], wanted: Wanted | None = None
    ) -> Iterator[list[InRecord]]: ...


class ScanLimits(msgspec.Struct, frozen=True):
    """The bounds of one look."""

    max_records: int
    """What is read."""
    seconds: float
    channel_records: int
    """What is found for one channel: more than a reply could hold."""
    channel_bytes: int
    max_bytes: int
    """What is found for all channels together."""


class ScanTooLarge(Exception):
    """What was asked for is beyond the bounds."""


class _Request:
    def __init__(self, channel: str, ranges: Sequence[Range]) -> None:
        self.channel = channel
        self.ranges = ranges
        self.done: asyncio.Future[list[Publication]] = asyncio.get_running_loop().create_future()

    @property
    def hull(self) -> Range:
        return Range(self.ranges[0].start, self.ranges[-1].end)


class ChannelScans:
    """For the event loop; looking is done in threads. Partitions wait for a thread, requests for their partition."""

    def __init__(self, source: PartSource, codec: Codec, limits: ScanLimits, metrics: GatewayMetrics) -> None:
        self._source = source
        self._codec = codec
        self._limits = limits
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(_LOOKS_AT_A_TIME, thread_name_prefix="channel-scan")
        self._waiting: dict[PartitionRef, list[_Request]] = {}
        self._looking: dict[PartitionRef, asyncio.Task[None]] = {}
        self._closed = False

    async def find(self, ref: PartitionRef, channel: str, ranges: Sequence[Range]) -> list[Publication]:
        """The channel's publications in the ranges, which are not empty and rise, in order.

        Raises ScanTooLarge, and OutageError while Kafka or the schema registry is away.
        """
        if size(joined(ranges)) > self._limits.max_records:
            raise ScanTooLarge
        request = _Request(channel, ranges)
        self._waiting.setdefault(ref, []).append(request)
        if ref not in self._looking:
            self._looking[ref] = asyncio.ensure_future(self._look(ref))
        return await request.done

    def close(self) -> None:
        """Gives up all looks, for the process ends."""
        self._closed = True
        for task in self._looking.values():
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look(self, ref: PartitionRef) -> None:
        """Serves all requests of a partition, those that come meanwhile in a look of their own."""
        try:
            await asyncio.sleep(_GATHER_SECONDS)  # who lost the same gateway comes back at the same time
            while ref in self._waiting:
                requests = self._next(ref)
                if requests:
                    await self._serve(ref, requests)
        finally:
            del self._looking[ref]
            for request in self._waiting.pop(ref, ()):
                request.done.cancel()

    def _next(self, ref: PartitionRef) -> list[_Request]:
        """Those that are served together: all, or the first and what lies within it, while the others wait."""
        requests = [each for each in self._waiting.pop(ref) if not each.done.done()]
        if size(joined(part for each in requests for part in each.ranges)) <= self._limits.max_records:
            return requests
        hull = requests[0].hull
        inside = [each for each in requests if each.hull.start >= hull.start and each.hull.end <= hull.end]
        if size(joined(part for each in inside for part in each.ranges)) > self._limits.max_records:
            inside = requests[:1]
        self._waiting[ref] = [each for each in requests if each not in inside]
        return inside

    async def _serve(self, ref: PartitionRef, requests: list[_Request]) -> None:
        look = _Look(self._codec, self._limits, requests)
        began = time.monotonic()
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._read, ref, look)
        except Exception as error:  # noqa: BLE001 whatever it is, it is the answer to those who wait
            log.info("scan failed", partition=ref.partition, reason=str(error) or type(error).__name__)
            for request in requests:
                if not request.done.done():
                    request.done.set_exception(error)
            return
        self._metrics.scan_seconds.observe(time.monotonic() - began)
        for request in requests:
            look.answer(request)

    def _read(self, ref: PartitionRef, look: "_Look") -> None:
        """In a thread."""
        end = time.monotonic() + self._limits.seconds
        for batch in self._source.parts((ref.topic, ref.partition), look.parts, look.wanted):
            look.take(batch)
            if look.hopeless or self._closed:
                break
            if time.monotonic() > end:
                raise ScanTooLarge
        look.decode()


class _Found:
    """What is found for a channel: the newest records, as many as the bounds let."""

    def __init__(self) -> None:
        self.records: deque[tuple[int, bytes]] = deque()
        """Offset and value of each: headers would take more memory than both."""
        self.bytes = 0
        self.dropped = 0
        """Records below this offset gave way."""
        self.last_start = 0
        """The highest offset from which somebody wants the channel."""


class _Look:
    """One reading of a partition's parts, for several requests."""

    def __init__(self, codec: Codec, limits: ScanLimits, requests: Sequence[_Request]) -> None:
        self.parts = joined(part for each in requests for part in each.ranges)
        self._codec = codec
        self._limits = limits
        self._bytes = 0
        self._wanted: dict[str, _Found] = {}
        for each in requests:
            found = self._wanted.setdefault(each.channel, _Found())
            found.last_start = max(found.last_start, each.hull.start)
        self.wanted = _names_in_value(self._wanted)
        self._decoded: dict[str, list[Publication]] = {}
        self._dropped: dict[str, int] = {}

    @property
    def hopeless(self) -> bool:
        """Whether there is more than the bounds let for every channel."""
        return not self._wanted

    def take(self, records: Sequence[InRecord]) -> None:
        """Keeps what is wanted. Headers tell; a record without them is decoded."""
        wanted = self._wanted
        for record in records:
            if record.value is None:
                continue
            for channel in channels_of(record.headers) or self._channels(record.value):
                found = wanted.get(channel)
                if found is not None:
                    self._keep(channel, found, record.offset, record.value)

    def _keep(self, channel: str, found: _Found, offset: int, value: bytes) -> None:
        found.records.append((offset, value))
        self._hold(found, len(value) + _OVERHEAD_BYTES)
        while len(found.records) > self._limits.channel_records or found.bytes > self._limits.channel_bytes:
            dropped, dropped_value = found.records.popleft()
            found.dropped = dropped + 1
            self._hold(found, -len(dropped_value) - _OVERHEAD_BYTES)
        if found.dropped > found.last_start or self._bytes > self._limits.max_bytes:
            self._bytes -= found.bytes
            del self._wanted[channel]

    def _hold(self, found: _Found, count: int) -> None:
        found.bytes += count
        self._bytes += count

    def _channels(self, value: bytes) -> list[str]:
        update = self._update(value)
        return [] if update is None else update.channels

    def _update(self, value: bytes) -> LiveUpdate | None:
        """None for what is not kept, and for what cannot be read: the recorder puts that into the dead letters."""
        try:
            update = self._codec.decode(value, LiveUpdate)
        except PermanentError:
            return None
        return None if update.kind in PASSING_KINDS else update

    def decode(self) -> None:
        """Makes publications of what was found; one of several channels is one publication."""
        made: dict[int, Publication] = {}
        for channel, found in self._wanted.items():
            for offset, value in found.records:
                if offset not in made and (update := self._update(value)) is not None:
                    made[offset] = Publication(offset, update)
            self._decoded[channel] = [made[offset] for offset, _ in found.records if offset in made]
            self._dropped[channel] = found.dropped

    def answer(self, request: _Request) -> None:
        """Tells what was found for a request."""
        if request.done.done():
            return
        found = self._decoded.get(request.channel)
        if found is None or self._dropped[request.channel] > request.hull.start:
            request.done.set_exception(ScanTooLarge())
            return
        starts = [each.start for each in request.ranges]

        def asked(offset: int) -> bool:
            place = bisect_right(starts, offset) - 1
            return place >= 0 and offset < request.ranges[place].end

        request.done.set_result([each for each in found if asked(each.kafka_offset)])


def _names_in_value(channels: Collection[str]) -> Wanted | None:
    """Tells values in which one of the channels may be named: Avro writes a string as its bytes. None: all are to be
    looked at more closely.

    A pattern whose names all begin the same is looked for at a quarter of the cost of a record, however many they are;
    others are ten times slower. So there is one for each kind.
    """
    kinds: dict[str, list[str]] = {}
    for name in sorted(channels):
        kind, colon, _ = name.partition(":")
        kinds.setdefault(kind if colon else name, []).append(name)
    if len(channels) > _MAX_NAMES or len(kinds) > _MAX_PATTERNS:
        return None
    searches = [re.compile("|".join(map(re.escape, names)).encode()).search for names in kinds.values()]
    if len(searches) == 1:
        return searches[0]
    return lambda value: any(search(value) for search in searches)
