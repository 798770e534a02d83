"""The layout of Redis: every key the platform uses, made in this file and nowhere else.

All keys of one Kafka partition share a hash tag (the part in braces), so in a cluster they live in one slot, and one
script can write state together with the offset to which that state is valid. The tag holds Kafka's topic id, so that
the state of a topic that was deleted and made again is never taken for the state of the new one.

| key | type | holds | written by |
|---|---|---|---|
| `fc1:enrich:{T/P}:mark` | string | offset of the next ping; the assets below are valid to it | enrich |
| `fc1:enrich:{T/P}:asset:FLEET/ASSET` | string | what is remembered of the asset (`domain/last_position.py`) | enrich |
| `fc1:status:{T/P}:mark` | string | offset of the next status change; the statuses below are valid to it | route |
| `fc1:status:{T/P}:of:FLEET/ENTITY` | string | the entity's status with the highest version (JSON) | route |
| `fc1:live:{T/P}:mark` | hash | how far the snapshots are valid, and the highest rank seen of each source | recorder |
| `fc1:live:{T/P}:state:CHANNEL` | hash | `kind|entity` -> the latest update and its offset | recorder |
| `fc1:live:{T/P}:last:CHANNEL` | string | offset of the channel's last record, and where its list was cut | recorder |
| `fc1:live:{T/P}:history:CHANNEL` | list | the offsets of the channel's last records, rising, bounded | recorder |
| `fc1:gateways` | sorted set | gateway -> until when its lease lasts (ms, by Redis' clock) | gateway |
| `fc1:presence:CHANNEL` | hash | `gateway|client|user` -> what others are told of it (JSON) | gateway |
| `fc1:{uN}:connections:TENANT/USER` | hash | `gateway|client|user` -> `storage/connection.py` (JSON) | gateway |
| `fc1:{uN}:seen:TENANT/USER` | string | when one of the user's connections was last closed (ms) | gateway |
| `fc1:{uN}:notices:TENANT/USER` | hash | what came lately, and preferences: see `notices.py` | dispatcher |

T is the topic id of the partition that is consumed, P its number. All keys of one user share the tag of a *user slot*,
N of 64: what comes for many users is asked by one script for each slot, and there are nodes enough for any cluster.
"""

import zlib
from typing import NamedTuple

PREFIX = "fc1"
"""Names the layout; another layout takes another prefix and is rebuilt from Kafka beside this one."""
USER_SLOTS = 64

_CONNECTIONS, _SEEN = "connections", "seen"


class PartitionTag(NamedTuple):
    """The Kafka partition that a group of keys belongs to."""

    topic_id: str
    partition: int

    def __str__(self) -> str:
        return f"{{{self.topic_id}/{self.partition}}}"


def enrich_mark(tag: PartitionTag) -> str:
    """To which offset of the pings the assets' states are valid."""
    return f"{PREFIX}:enrich:{tag}:mark"


def enrich_asset(tag: PartitionTag, fleet: str, asset: str) -> str:
    """The state of one asset."""
    return f"{PREFIX}:enrich:{tag}:asset:{fleet}/{asset}"


def status_mark(tag: PartitionTag) -> str:
    """To which offset of the status changes the statuses are valid."""
    return f"{PREFIX}:status:{tag}:mark"


def status_of(tag: PartitionTag, fleet: str, entity: str) -> str:
    """The status of one entity."""
    return f"{PREFIX}:status:{tag}:of:{fleet}/{entity}"


def live_mark(tag: PartitionTag) -> str:
    """To which offset of the live topic the snapshots are valid, and the highest position seen of each source."""
    return f"{PREFIX}:live:{tag}:mark"


def live_state(tag: PartitionTag, channel: str) -> str:
    """The snapshot of one channel."""
    return f"{PREFIX}:live:{tag}:state:{channel}"


def live_last(tag: PartitionTag, channel: str) -> str:
    """The offset of the last record of one channel."""
    return f"{PREFIX}:live:{tag}:last:{channel}"


def live_history(tag: PartitionTag, channel: str) -> str:
    """The offsets of the last records of one channel."""
    return f"{PREFIX}:live:{tag}:history:{channel}"


def gateway_leases() -> str:
    """Which gateways live."""
    return f"{PREFIX}:gateways"


def presence(channel: str) -> str:
    """The connections that follow one channel."""
    return f"{PREFIX}:presence:{channel}"


def user_slot(tenant: str, user: str) -> str:
    """The tag of everything of one user: `{u17}`."""
    return f"{{u{zlib.crc32(f'{tenant}/{user}'.encode()) % USER_SLOTS}}}"


def connections(tenant: str, user: str) -> str:
    """The open connections of one user."""
    return f"{PREFIX}:{user_slot(tenant, user)}:{_CONNECTIONS}:{tenant}/{user}"


def last_seen(tenant: str, user: str) -> str:
    """When a connection of the user's was last closed."""
    return f"{PREFIX}:{user_slot(tenant, user)}:{_SEEN}:{tenant}/{user}"


def last_seen_at(place: str) -> str | None:
    """`last_seen` of the user whose `connections` a key is; None for any other key."""
    prefix, slot, kind, *name = place.split(":", 3)
    return f"{prefix}:{slot}:{_SEEN}:{name[0]}" if kind == _CONNECTIONS else None


def notices(tenant: str, user: str) -> str:
    """What is known of one user's notifications and preferences."""
    return f"{PREFIX}:{user_slot(tenant, user)}:notices:{tenant}/{user}"
