"""Every method of the server API, and what does it."""

from collections.abc import Mapping

from push_service.gateway.gateway import Gateway
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.batch import Batch, BatchRequest
from push_service.gateway.server_api.broadcast import Broadcast, BroadcastRequest
from push_service.gateway.server_api.channels import Channels, ChannelsRequest
from push_service.gateway.server_api.disconnect import Disconnect, DisconnectRequest
from push_service.gateway.server_api.history import History, HistoryRemove, HistoryRemoveRequest, HistoryRequest
from push_service.gateway.server_api.info import Info, InfoRequest
from push_service.gateway.server_api.method import ApiMethod
from push_service.gateway.server_api.ordering import Ordering
from push_service.gateway.server_api.presence import Presence, PresenceRequest
from push_service.gateway.server_api.publish import Publish, PublishRequest
from push_service.gateway.server_api.refresh import Refresh, RefreshRequest
from push_service.gateway.server_api.revoke_token import RevokeToken, RevokeTokenRequest
from push_service.gateway.server_api.revoke_user import RevokeUser, RevokeUserRequest
from push_service.gateway.server_api.settings import ServerApiSettings
from push_service.gateway.server_api.subscribe import Subscribe, SubscribeRequest
from push_service.gateway.server_api.unsubscribe import Unsubscribe, UnsubscribeRequest


def method_table(gateway: Gateway, settings: ServerApiSettings, default_tenant: str | None) -> Mapping[str, ApiMethod]:
    """The methods by their names in the path. `default_tenant` is that of tokens that name none."""
    bounds = gateway.settings
    addressing = Addressing(gateway.rules, default_tenant)
    ordering = Ordering(gateway.orders)
    publish = Publish(addressing, gateway.publisher, settings.publication_bytes)
    broadcast = Broadcast(addressing, gateway.publisher, settings.broadcast_channels, settings.publication_bytes)
    presence = Presence(addressing, gateway.rules, gateway.presence, bounds.presence_clients, bounds.subscribe_seconds)
    revoke_user = ApiMethod(RevokeUserRequest, RevokeUser(addressing, ordering))
    methods = {
        "publish": ApiMethod(PublishRequest, publish),
        "broadcast": ApiMethod(BroadcastRequest, broadcast),
        "subscribe": ApiMethod(SubscribeRequest, Subscribe(addressing, ordering)),
        "unsubscribe": ApiMethod(UnsubscribeRequest, Unsubscribe(addressing, ordering)),
        "disconnect": ApiMethod(DisconnectRequest, Disconnect(addressing, ordering)),
        "refresh": ApiMethod(RefreshRequest, Refresh(addressing, ordering)),
        "revoke_token": ApiMethod(RevokeTokenRequest, RevokeToken(addressing, ordering)),
        "revoke_user": revoke_user,
        "invalidate_user_tokens": revoke_user,
        "presence": ApiMethod(PresenceRequest, presence.clients),
        "presence_stats": ApiMethod(PresenceRequest, presence.stats),
        "history": ApiMethod(HistoryRequest, History(addressing, gateway.rules, gateway.history)),
        "history_remove": ApiMethod(HistoryRemoveRequest, HistoryRemove(addressing)),
        "channels": ApiMethod(ChannelsRequest, Channels(gateway.index)),
        "info": ApiMethod(InfoRequest, Info(gateway.index, gateway.node)),
    }
    return methods | {"batch": ApiMethod(BatchRequest, Batch(methods, settings.batch_commands))}
