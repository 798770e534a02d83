"""The parts of a gateway, wired. It builds no adapters: `__main__.py` and tests pass them in."""

import time
from collections.abc import Callable, Mapping
from uuid import uuid4

from access.revocations import Revocations
from access.tokens import TokenVerifier
from backbone.partition_ref import PartitionRef
from backbone.publishing import AsyncPublishing
from domain.instants import Micros
from push_service.gateway.answers.backlog import ReplyLimits
from push_service.gateway.answers.channel_history import ChannelHistory
from push_service.gateway.answers.recovery import Recovery
from push_service.gateway.answers.snapshots import SnapshotCache
from push_service.gateway.channels.channel_kinds import read_channel_kinds
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.commands.dispatcher import Dispatcher
from push_service.gateway.commands.handler import Handler
from push_service.gateway.commands.table import command_table
from push_service.gateway.commands.token_desk import TokenDesk
from push_service.gateway.control.order_book import OrderBook
from push_service.gateway.control.order_publisher import OrderPublisher
from push_service.gateway.control.server_subscribe import ServerSubscribe
from push_service.gateway.delivery.hub import Hub
from push_service.gateway.delivery.transport import Transport
from push_service.gateway.entrances import Entrances
from push_service.gateway.http_streams.peers import Peers
from push_service.gateway.http_streams.settings import StreamSettings
from push_service.gateway.live_publisher import Encoder, LivePublisher
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.notices.ack_method import AckMethod
from push_service.gateway.notices.acks import Acks, AckStore
from push_service.gateway.notices.receipt_news import ReceiptNews
from push_service.gateway.notices.sent_receipts import SentReceipts
from push_service.gateway.presence.attendance import Attendance
from push_service.gateway.presence.join_news import JoinNews
from push_service.gateway.presence.presence_book import PresenceBook
from push_service.gateway.protocol.disconnects import INSUFFICIENT_STATE
from push_service.gateway.reading.channel_records import ChannelRecords
from push_service.gateway.reading.channel_scan import ChannelScans, PartSource, ScanLimits
from push_service.gateway.reading.feed_table import FeedLimits, FeedTable, OpenPartition
from push_service.gateway.reading.live_decoder import Codec, LiveDecoder
from push_service.gateway.reading.partition_feed import PartitionFeed
from push_service.gateway.reading.partition_log import LogLimits, PartitionLog
from push_service.gateway.sessions.evictions import Evictions
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.grants import Grants
from push_service.gateway.sessions.heartbeat import Heartbeat
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex
from push_service.gateway.sessions.subscriptions import Subscriptions
from push_service.gateway.settings import GatewaySettings
from runtime.fail_points import Reached, never
from runtime.token_bucket import TokenBucket
from storage.presence import PresenceStore
from storage.snapshots import SnapshotReader


class Gateway:
    """Everything between the partition reader and the listening socket."""

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        tokens: TokenVerifier,
        codec: Codec,
        encoder: Encoder,
        publisher: AsyncPublishing,
        snapshots: SnapshotReader,
        scan: PartSource,
        presence: PresenceStore,
        acks: AckStore,
        metrics: GatewayMetrics,
        stream_settings: StreamSettings | None = None,
        peers: Peers | None = None,
        clock: Callable[[], float] = time.monotonic,
        reached: Reached = never,
    ) -> None:
        """`peers`: the other gateways, where commands of emulated connections may have to go."""
        self.settings = settings
        self.metrics = metrics
        self.node = str(uuid4())
        self.sessions: dict[Session, None] = {}
        self.index = SessionIndex()
        self.revocations = Revocations(_now)
        self._grants = Grants(self.index)
        self.snapshots = SnapshotCache(
            snapshots, seconds=settings.snapshot_seconds, max_bytes=settings.snapshot_cache_bytes, clock=clock
        )
        self.heartbeat = Heartbeat(settings.ping_seconds, settings.pong_seconds)
        self._decoder = LiveDecoder(codec)
        self._log_limits = LogLimits(settings.log_bytes, settings.log_publications, settings.log_seconds)
        self.rules = ChannelRules(read_channel_kinds(settings.channel_kinds))
        self.scans = ChannelScans(scan, codec, _scan_limits(settings), metrics)
        self.receipt_news = ReceiptNews(publisher, encoder, metrics, reached=reached)
        self._sent = SentReceipts(self.index, self.receipt_news.tell, self.node)
        self._hub = Hub(self.rules, metrics, self._sent.shown)
        limits = FeedLimits(
            settings.history_seconds, settings.history_max_records, settings.linger_seconds, settings.backlog_records
        )
        self.feeds = FeedTable(self.snapshots, self._new_feed, limits, metrics)
        self.records = ChannelRecords(self.feeds, snapshots, self.scans)
        reply_limits = ReplyLimits(settings.reply_bytes, settings.reply_publications)
        self.history = ChannelHistory(self.feeds, self.records, reply_limits, settings.subscribe_seconds)
        self.publisher = LivePublisher(publisher, encoder, self.feeds.ref_of)
        self.presence = PresenceBook(presence, settings.lease_seconds)
        self.join_news = JoinNews(self.publisher, metrics)
        self._attendance = Attendance(self.rules, self.presence, self.join_news, self.node)
        self._subscriptions = Subscriptions(
            self._hub, self.feeds, self._attendance, self._grants, metrics, self._sent.recovered
        )
        self._ack = AckMethod(Acks(acks), self.receipt_news.tell, self.node, settings.ack_seconds, reached=reached)
        self.evictions = Evictions(self._subscriptions, self.revocations, _now)
        self.expiry = ExpiryWatch(self.index, self.evictions.check, self.revocations.forget, _now)
        self.orders = OrderPublisher(publisher, encoder)
        self._recovery = self._new_recovery()
        self.order_book = OrderBook(
            self.index,
            self.revocations,
            self.evictions,
            self.expiry,
            ServerSubscribe(self.rules, self.feeds, self._recovery, self._subscriptions, settings.max_subscriptions),
            metrics,
            _now,
        )
        self._dispatcher = Dispatcher(self._commands(tokens), settings.max_frame_commands)
        entrances = Entrances(
            settings,
            stream_settings or StreamSettings(),
            node=self.node,
            peers=peers,
            new_session=self._new_session,
            receive=self._dispatcher.receive,
            metrics=metrics,
        )
        self.door, self.streams = entrances.door, entrances.streams
        self.stream_endpoints = entrances.stream_endpoints

    def lost(self, partition: OpenPartition) -> None:
        """A partition cannot be read on: its followers connect again, and are told what they can have."""
        for session in tuple(self.sessions):
            if any(each is partition for each in session.subscriptions.values()):
                session.disconnect(INSUFFICIENT_STATE)

    def _commands(self, tokens: TokenVerifier) -> Mapping[str, Handler]:
        return command_table(
            rules=self.rules,
            desk=TokenDesk(tokens, self.revocations),
            sessions=self.index,
            grants=self._grants,
            expiry=self.expiry,
            evictions=self.evictions,
            heartbeat=self.heartbeat,
            feeds=self.feeds,
            recovery=self._recovery,
            snapshots=self.snapshots,
            subscriptions=self._subscriptions,
            attendance=self._attendance,
            publisher=self.publisher,
            presence=self.presence,
            history=self.history,
            ack=self._ack,
            sent=self._sent,
            settings=self.settings,
            metrics=self.metrics,
        )

    def _new_recovery(self) -> Recovery:
        limits = ReplyLimits(self.settings.reply_bytes, self.settings.reply_publications)
        return Recovery(self.feeds, self.records, self.snapshots, limits, self.settings.subscribe_seconds)

    def _new_session(self, transport: Transport) -> Session:
        allowance = TokenBucket(self.settings.commands_per_second, self.settings.commands_burst)
        session = Session(transport, allowance, self._session_closed)
        self.sessions[session] = None
        return session

    def _session_closed(self, session: Session) -> None:
        self.sessions.pop(session, None)
        self.index.leave(session)
        self.heartbeat.leave(session)
        self._subscriptions.leave_all(session)
        self._attendance.disconnected(session)

    def _new_feed(self, ref: PartitionRef, start: int) -> PartitionFeed:
        return PartitionFeed(ref, PartitionLog(start, self._log_limits), self._decoder, self._hub, self.metrics)


def _now() -> Micros:
    return time.time_ns() // 1_000


def _scan_limits(settings: GatewaySettings) -> ScanLimits:
    return ScanLimits(
        max_records=settings.scan_records,
        seconds=settings.scan_seconds,
        channel_records=4 * settings.reply_publications,
        channel_bytes=8 * settings.reply_bytes,
        max_bytes=settings.scan_bytes,
    )
