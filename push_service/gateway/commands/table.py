"""Every command of the protocol, and what answers it."""

from collections.abc import Mapping

from push_service.gateway.answers.channel_history import ChannelHistory
from push_service.gateway.answers.recovery import Recovery
from push_service.gateway.answers.snapshots import SnapshotCache
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.commands.admission import Admission
from push_service.gateway.commands.connect import ConnectCommand
from push_service.gateway.commands.handler import Handler
from push_service.gateway.commands.history import HistoryCommand
from push_service.gateway.commands.ping import answer_ping
from push_service.gateway.commands.presence import PresenceCommands
from push_service.gateway.commands.publish import PublishCommand, PublishLimits
from push_service.gateway.commands.refresh import RefreshCommand
from push_service.gateway.commands.rpc import RpcCommand
from push_service.gateway.commands.snapshot_page import SnapshotPage
from push_service.gateway.commands.sub_refresh import SubRefreshCommand
from push_service.gateway.commands.subscribe import SubscribeCommand
from push_service.gateway.commands.token_desk import TokenDesk
from push_service.gateway.commands.unserved import refuse_message
from push_service.gateway.commands.unsubscribe import UnsubscribeCommand
from push_service.gateway.live_publisher import LivePublisher
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.notices.ack_method import AckMethod
from push_service.gateway.notices.sent_receipts import SentReceipts
from push_service.gateway.presence.attendance import Attendance
from push_service.gateway.presence.presence_book import PresenceBook
from push_service.gateway.reading.feed_table import FeedTable
from push_service.gateway.sessions.evictions import Evictions
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.grants import Grants
from push_service.gateway.sessions.heartbeat import Heartbeat
from push_service.gateway.sessions.server_subscriptions import ServerSubscriptions
from push_service.gateway.sessions.session_index import SessionIndex
from push_service.gateway.sessions.subscriptions import Subscriptions
from push_service.gateway.settings import GatewaySettings


def command_table(
    *,
    rules: ChannelRules,
    desk: TokenDesk,
    sessions: SessionIndex,
    grants: Grants,
    expiry: ExpiryWatch,
    evictions: Evictions,
    heartbeat: Heartbeat,
    feeds: FeedTable,
    recovery: Recovery,
    snapshots: SnapshotCache,
    subscriptions: Subscriptions,
    attendance: Attendance,
    publisher: LivePublisher,
    presence: PresenceBook,
    history: ChannelHistory,
    ack: AckMethod,
    sent: SentReceipts,
    settings: GatewaySettings,
    metrics: GatewayMetrics,
) -> Mapping[str, Handler]:
    """The handlers by the command's name on the wire."""
    page = SnapshotPage(snapshots, settings.reply_bytes, settings.subscribe_seconds)
    publishing = PublishLimits(
        settings.publish_bytes, settings.publishes_per_second, settings.publishes_burst, settings.publish_seconds
    )
    attending = PresenceCommands(rules, presence, settings.presence_clients, settings.subscribe_seconds)
    unasked = ServerSubscriptions(
        rules,
        feeds,
        recovery,
        subscriptions,
        own_channel=settings.own_channel,
        at_most=settings.max_subscriptions,
        resumed=sent.resumed,
    )
    return {
        "connect": ConnectCommand(desk, sessions, expiry, heartbeat, attendance, unasked, metrics),
        "refresh": RefreshCommand(desk, rules, sessions, expiry, evictions),
        "subscribe": SubscribeCommand(
            rules,
            Admission(desk, rules, grants, expiry),
            feeds,
            recovery,
            subscriptions,
            settings.max_subscriptions,
            metrics,
        ),
        "unsubscribe": UnsubscribeCommand(subscriptions),
        "ping": answer_ping,
        "rpc": RpcCommand({SnapshotPage.NAME: page, AckMethod.NAME: ack}),
        "publish": PublishCommand(rules, publisher, publishing),
        "presence": attending.clients,
        "presence_stats": attending.stats,
        "history": HistoryCommand(rules, history),
        "sub_refresh": SubRefreshCommand(desk, rules, grants, expiry),
        "send": refuse_message,
    }
