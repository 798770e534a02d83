"""A deployment's own kinds of channels, from its configuration: JSON, checked strictly, with all problems at once.

    {"chat": {"subscribe": "tenant", "publish": "subscribers", "history_size": 100, "history_seconds": 3600,
              "presence": true, "joins": true}}

The key is the kind, the part of a channel's name before the colon (`chat:acme/room-1`); an empty key is the kind of all
channels whose name has no colon. Fields, with their defaults:

| field | values | default |
|---|---|---|
| `subscribe` | `fleet`, `tenant`, `user`, `token`, `anyone` (`Audience`) | required |
| `publish` | `nobody`, `subscribers`, `audience` (`Publishers`) | `nobody` |
| `history_size` | publications that count as kept, 0 to 1,000,000; 0: no history, no recovery | 0 |
| `history_seconds` | how long they count as kept, 1 to 259,200 (what Kafka keeps) | 259,200 |
| `recovery` | whether subscribers get a position and what they missed | whether there is history |
| `history` | whether subscribers may read the history | whether there is history |
| `presence` | whether subscribers may ask who is there | false |
| `joins` | whether joins and leaves are published, to subscribers that ask for them | false |
| `force_joins` | the same to all subscribers | false |
| `deltas` | whether subscribers that ask get deltas (`fossil`) | false |
| `conflate` | list of tags' `kind`s of which a slow reader needs only the newest of an entity | [] |
"""

from typing import Annotated, Any

import msgspec

from domain.channels import KIND_RULE, is_own_kind
from push_service.gateway.channels.channel_rules import Audience, ChannelRule, Publishers

MAX_KINDS = 100
MAX_HISTORY = 1_000_000
KEPT_SECONDS = 3 * 24 * 60 * 60
"""What the live topic keeps (`backbone.topics.LIVE`)."""


class ChannelKindsError(ValueError):
    """The configuration is wrong. `problems` has one line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Kind(msgspec.Struct, frozen=True):
    subscribe: Audience
    publish: Publishers = Publishers.NOBODY
    history_size: Annotated[int, msgspec.Meta(ge=0, le=MAX_HISTORY)] = 0
    history_seconds: Annotated[int, msgspec.Meta(ge=1, le=KEPT_SECONDS)] = KEPT_SECONDS
    recovery: bool | None = None
    history: bool | None = None
    presence: bool = False
    joins: bool = False
    force_joins: bool = False
    deltas: bool = False
    conflate: Annotated[list[str], msgspec.Meta(max_length=20)] = []


_FIELDS = {field.name: field for field in msgspec.structs.fields(_Kind)}


def read_channel_kinds(text: str) -> dict[str, ChannelRule]:
    """The rules by kind. Raises ChannelKindsError."""
    try:
        kinds = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise ChannelKindsError(["is not JSON"]) from None
    if not isinstance(kinds, dict):
        raise ChannelKindsError(["is not a JSON object of kinds"])
    if len(kinds) > MAX_KINDS:
        raise ChannelKindsError([f"names more than {MAX_KINDS} kinds"])
    problems: list[str] = []
    rules = {}
    for name, fields in kinds.items():
        found = _problems(name, fields)
        problems += (f"kind {name!r}: {each}" for each in found)
        if not found:
            rules[name] = _rule(msgspec.convert(fields, _Kind))
    if problems:
        raise ChannelKindsError(problems)
    return rules


def _problems(name: str, fields: Any) -> list[str]:
    problems = []
    if not is_own_kind(name):
        problems.append(f"a kind is {KIND_RULE}, and not one of fleet, asset, order, user")
    if not isinstance(fields, dict):
        return [*problems, "is not a JSON object"]
    if "subscribe" not in fields:
        problems.append("subscribe is required")
    for field, value in fields.items():
        if field not in _FIELDS:
            problems.append(f"{field} is no field of a kind")
            continue
        try:
            msgspec.convert(value, _FIELDS[field].type)
        except msgspec.ValidationError as error:
            problems.append(f"{field}: {error}")
    if fields.get("history_size", 0) == 0 and (fields.get("recovery") is True or fields.get("history") is True):
        problems.append("recovery and history need a history_size")
    if fields.get("force_joins") is True and fields.get("joins") is not True:
        problems.append("force_joins needs joins")
    return problems


def _rule(kind: _Kind) -> ChannelRule:
    kept = kind.history_size > 0
    return ChannelRule(
        audience=kind.subscribe,
        recoverable=kept if kind.recovery is None else kind.recovery,
        history=kept if kind.history is None else kind.history,
        history_size=kind.history_size,
        history_seconds=kind.history_seconds,
        presence=kind.presence,
        joins=kind.joins,
        force_joins=kind.force_joins,
        publishers=kind.publish,
        deltas=kind.deltas,
        conflated_kinds=frozenset(kind.conflate),
    )
