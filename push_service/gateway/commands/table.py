"""Every command of the protocol, and what answers it."""

from collections.abc import Mapping

from access.tokens import TokenVerifier
from push_service.gateway.channel_rules import ChannelRules
from push_service.gateway.commands.connect import ConnectCommand
from push_service.gateway.commands.handler import Handler
from push_service.gateway.commands.ping import answer_ping
from push_service.gateway.commands.refresh import RefreshCommand
from push_service.gateway.commands.rpc import RpcCommand
from push_service.gateway.commands.snapshot_page import SnapshotPage
from push_service.gateway.commands.subscribe import SubscribeCommand
from push_service.gateway.commands.unserved import refuse, refuse_message
from push_service.gateway.commands.unsubscribe import UnsubscribeCommand
from push_service.gateway.feed_table import FeedTable
from push_service.gateway.heartbeat import Heartbeat
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.recovery import Recovery
from push_service.gateway.settings import GatewaySettings
from push_service.gateway.snapshots import SnapshotCache
from push_service.gateway.subscriptions import Subscriptions


def command_table(
    *,
    rules: ChannelRules,
    tokens: TokenVerifier,
    heartbeat: Heartbeat,
    feeds: FeedTable,
    recovery: Recovery,
    snapshots: SnapshotCache,
    subscriptions: Subscriptions,
    settings: GatewaySettings,
    metrics: GatewayMetrics,
) -> Mapping[str, Handler]:
    """The handlers by the command's name on the wire."""
    page = SnapshotPage(snapshots, settings.reply_bytes, settings.subscribe_seconds)
    return {
        "connect": ConnectCommand(tokens, heartbeat, metrics),
        "refresh": RefreshCommand(tokens),
        "subscribe": SubscribeCommand(rules, feeds, recovery, subscriptions, settings.max_subscriptions, metrics),
        "unsubscribe": UnsubscribeCommand(subscriptions),
        "ping": answer_ping,
        "rpc": RpcCommand({SnapshotPage.NAME: page}),
        "publish": refuse,
        "presence": refuse,
        "presence_stats": refuse,
        "history": refuse,
        "sub_refresh": refuse,
        "send": refuse_message,
    }
