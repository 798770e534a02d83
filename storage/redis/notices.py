"""What is known of users' notifications, in Redis: one script for a piece of a batch, with one argument.

Everything of one user is one hash (`keys.notices`), read by one command and written by one:

| field | value | for |
|---|---|---|
| `i` + id | seconds, window's end, recent `|` source | 24 h |
| `m` + match key | seconds, version (20 digits), id `|` id that it replaced | 7 d |
| `d` + type | window's end, count | the window |
| `p` | seconds, preferences | 1 h |
| `u` | when the hash was last given 8 days to live, writes since it was last swept | |

Instants are seconds in ten digits, so that a script finds what follows without a search. What is older than its time is
passed over, and removed by a sweep after every so many writes; a user's hash never has more than four times `MAX_KEPT`
fields.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import redis
from redis.exceptions import NoScriptError

from domain.instants import SECOND, Micros
from storage.notices import Answer, Asked
from storage.redis.connection import SyncRedis, outages_translated
from storage.redis.keys import PREFIX, gateway_leases, notices, user_slot
from storage.redis.notice_scripts import CLASSIFY, LIVE, REMEMBER

GATEWAYS_SECONDS = 0.5
"""How long the list of living gateways is believed."""
PIECE = 100
"""Notifications for which the script is run once: about 1.5 ms in which Redis serves nobody else."""

_Notice = tuple[str, str, str, str, str, int, str, str]


class RedisNotices:
    """A `NoticeStore` over a blocking Redis client. In a cluster it asks once for each user slot of the batch."""

    def __init__(self, client: SyncRedis, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._run: Callable[..., Any] = client.execute_command
        self._clock = clock
        self._scripts = {text: client.register_script(text).sha for text in (LIVE, CLASSIFY, REMEMBER)}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Answer]).decode
        self._gateways: list[str] = []
        self._gateways_until = float("-inf")

    def classify(self, asked: Sequence[Asked], now: Micros) -> Iterator[Answer]:
        """See NoticeStore."""
        with outages_translated():
            seconds, gateways = now // SECOND, self._live_gateways()
            if isinstance(self._client, redis.RedisCluster):
                yield from self._in_cluster(asked, seconds, gateways)
            else:
                yield from self._in_pieces(self._client, asked, seconds, gateways)

    def remember(self, documents: Mapping[tuple[str, str], bytes], now: Micros) -> None:
        """See NoticeStore."""
        owners = list(documents)
        slots = (
            _by_slot([_tag(*owner) for owner in owners])
            if isinstance(self._client, redis.RedisCluster)
            else {"": list(range(len(owners)))}
        )
        with outages_translated():
            for numbers in slots.values():
                said: list[str] = []
                for number in numbers:
                    said += (notices(*owners[number]), documents[owners[number]].decode())
                if said:
                    self._execute(REMEMBER, said[0], self._encode([now // SECOND, said]))

    def _in_cluster(self, asked: Sequence[Asked], now: int, gateways: list[str]) -> list[Answer]:
        said = [_notice(each) for each in asked]
        answers: dict[int, Answer] = {}
        for numbers in _by_slot([each[0] for each in said]).values():
            found = self._ask(now, gateways, [said[number] for number in numbers])
            answers.update(zip(numbers, found, strict=True))
        return [answers[number] for number in range(len(asked))]

    def _in_pieces(
        self, client: redis.Redis, asked: Sequence[Asked], now: int, gateways: list[str]
    ) -> Iterator[Answer]:
        """Sends all pieces before it reads an answer: while we read one and plan, Redis works on the next one, and
        between two it serves others.
        """
        if len(asked) <= PIECE:
            if asked:
                yield from self._ask(now, gateways, [_notice(each) for each in asked])
            return
        connection: Any = client.connection_pool.get_connection()
        starts = range(0, len(asked), PIECE)
        answered = 0
        try:
            for start in starts:
                said = [_notice(each) for each in asked[start : start + PIECE]]
                packed = self._encode((now, gateways, said))
                connection.send_command("EVALSHA", self._scripts[CLASSIFY], 1, said[0][0], packed)
            while answered < len(starts):
                found = self._decode(connection.read_response())
                answered += 1
                yield from found
        except NoScriptError:
            for start in starts[answered:]:
                yield from self._ask(now, gateways, [_notice(each) for each in asked[start : start + PIECE]])
        finally:
            if answered < len(starts):
                connection.disconnect()  # nobody may read the answers that are still to come
            client.connection_pool.release(connection)

    def _ask(self, now: int, gateways: list[str], said: list[_Notice]) -> list[Answer]:
        return self._decode(self._execute(CLASSIFY, said[0][0], self._encode((now, gateways, said))))

    def _live_gateways(self) -> list[str]:
        if self._clock() >= self._gateways_until:
            self._gateways = [each.decode() for each in self._execute(LIVE, gateway_leases())]
            self._gateways_until = self._clock() + GATEWAYS_SECONDS
        return self._gateways

    def _execute(self, script: str, key: str, *arguments: bytes) -> Any:
        """`key`: where in a cluster the script is run."""
        try:
            return self._run("EVALSHA", self._scripts[script], 1, key, *arguments)
        except NoScriptError:  # the server was restarted, or failed over
            return self._run("EVAL", script, 1, key, *arguments)


def _notice(asked: Asked) -> _Notice:
    tenant, user, notice, source, kind, window, match_key, version = asked
    tag = _tag(tenant, user)
    if match_key is None or version is None:
        return (tag, f"{tenant}/{user}", notice, source, kind, window, "", "")
    # Lua's numbers have 53 bits, so versions are compared as text.
    return (tag, f"{tenant}/{user}", notice, source, kind, window, match_key, f"{version + (1 << 63):020d}")


def _tag(tenant: str, user: str) -> str:
    return f"{PREFIX}:{user_slot(tenant, user)}:"


def _by_slot(tags: Sequence[str]) -> dict[str, list[int]]:
    slots: dict[str, list[int]] = {}
    for number, tag in enumerate(tags):
        slots.setdefault(tag, []).append(number)
    return slots
