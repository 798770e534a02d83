"""`history`: what a channel still holds."""

from collections.abc import Awaitable

from access.capabilities import Permission
from push_service.gateway.answers.channel_history import ChannelHistory, Page
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.protocol.commands import HistoryRequest
from push_service.gateway.protocol.errors import NOT_AVAILABLE, CommandError
from push_service.gateway.protocol.replies import HistoryResult
from push_service.gateway.sessions.permission import permitted_channel
from push_service.gateway.sessions.session import Session


class HistoryCommand:
    """Checks and reads. A foreign and an unknown channel get the same answer: 103."""

    def __init__(self, rules: ChannelRules, history: ChannelHistory) -> None:
        self._rules = rules
        self._history = history

    def __call__(self, session: Session, request: HistoryRequest) -> Awaitable[HistoryResult]:
        channel = permitted_channel(self._rules, session, Permission.HST, request.channel)
        rule = self._rules.of(request.channel)
        if not rule.history:
            raise CommandError(NOT_AVAILABLE)
        return self._history.read(channel, rule, Page(request.limit, request.since, request.reverse))
