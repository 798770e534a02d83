"""The states of processors in Redis: one Lua script writes a partition's values and mark, so they never disagree."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import redis
from redis.exceptions import NoScriptError

from storage.processor_states import StateRead, StateWrite
from storage.redis.connection import SyncRedis, outages_translated
from storage.redis.keys import PartitionTag

T = TypeVar("T")

# KEYS: the mark, then the values'. ARGV: the expected mark or "", the new mark or "" to leave it, seconds to keep a
# value, then the values. Answers nil when it has written, else the mark that it found.
_WRITE = """
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return stored end
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 2], 'EX', ARGV[3]) end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2]) end
return false
"""

Command = tuple[str | bytes | int, ...]


class StateLayout(NamedTuple, Generic[T]):
    """Where a kind of state is kept, what it is, and how long a value that nobody writes again is kept."""

    mark: Callable[[PartitionTag], str]
    value: Callable[[PartitionTag, str, str], str]
    """(partition, fleet, the name within the fleet) -> key."""
    type: type[T]
    keep_seconds: int


class RedisProcessorStates(Generic[T]):
    """A `ProcessorStates` over a blocking Redis client."""

    def __init__(self, client: SyncRedis, layout: StateLayout[T]) -> None:
        self._client = client
        self._run: Callable[..., Any] = client.execute_command
        self._layout = layout
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(layout.type)
        self._encoder = msgspec.json.Encoder()
        self._sha = client.register_script(_WRITE).sha

    def read(self, wanted: Mapping[PartitionTag, Sequence[str]]) -> dict[PartitionTag, StateRead[T]]:
        """See ProcessorStates. MGET is atomic, so the mark belongs to the values."""
        commands: list[Command] = [
            ("MGET", self._layout.mark(tag), *(self._key(tag, name) for name in names)) for tag, names in wanted.items()
        ]
        answers = self._execute(commands)
        return {
            tag: self._state_read(names, answer) for (tag, names), answer in zip(wanted.items(), answers, strict=True)
        }

    def write(self, writes: Sequence[StateWrite[T]]) -> list[PartitionTag]:
        """See ProcessorStates."""
        answers = self._execute([self._write_command(write) for write in writes])
        return [write.tag for write, answer in zip(writes, answers, strict=True) if answer is not None]

    def _key(self, tag: PartitionTag, name: str) -> str:
        fleet, _, within = name.partition("/")
        return self._layout.value(tag, fleet, within)

    def _state_read(self, names: Sequence[str], answer: list[bytes | None]) -> StateRead[T]:
        mark, *values = answer
        return StateRead(
            mark=None if mark is None else int(mark),
            values={
                name: self._decoder.decode(value)
                for name, value in zip(names, values, strict=True)
                if value is not None
            },
        )

    def _write_command(self, write: StateWrite[T]) -> Command:
        keys = [self._layout.mark(write.tag), *(self._key(write.tag, name) for name in write.values)]
        marks = ["" if mark is None else str(mark) for mark in (write.expected, write.next_mark)]
        values = map(self._encoder.encode, write.values.values())
        return ("EVALSHA", self._sha, len(keys), *keys, *marks, self._layout.keep_seconds, *values)

    def _execute(self, commands: Sequence[Command]) -> list[Any]:
        with outages_translated():
            if len(commands) < 2 or isinstance(self._client, redis.RedisCluster):
                # In a cluster each partition is a slot of its own, perhaps on a node of its own.
                return [self._execute_one(command) for command in commands]
            with self._client.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # type: ignore[no-untyped-call]  # redis ships it so
                answers = pipeline.execute(raise_on_error=False)
            return [self._settled(command, answer) for command, answer in zip(commands, answers, strict=True)]

    def _execute_one(self, command: Command) -> Any:
        try:
            return self._run(*command)
        except NoScriptError as error:
            return self._settled(command, error)

    def _settled(self, command: Command, answer: Any) -> Any:
        """A server that has lost its scripts (restarted, failed over) gets the text once; other errors are raised."""
        if isinstance(answer, NoScriptError):
            return self._run("EVAL", _WRITE, *command[2:])
        if isinstance(answer, Exception):
            raise answer
        return answer
