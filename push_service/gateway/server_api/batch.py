"""`batch`: several commands in one request, each answered for itself: `{"replies": [...]}`, in their order."""

import asyncio
from collections.abc import Mapping

import msgspec

from push_service.gateway.server_api.errors import BAD_REQUEST, METHOD_NOT_FOUND, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiMethod, ApiRequest

PARALLEL = 32
"""Commands of one batch that are worked on at the same time, where it asks for that."""


class BatchRequest(ApiRequest, frozen=True):
    """Commands such as `{"publish": {"channel": ..., "data": ...}}`: the method's name, and what it takes."""

    commands: list[dict[str, msgspec.Raw]]
    parallel: bool = False


class BatchResult(msgspec.Struct, frozen=True):
    """Replies such as `{"publish": {"offset": ..., "epoch": ...}}`, or `{"error": {...}}`."""

    replies: list[dict[str, msgspec.Struct]]


class Batch:
    """Runs commands one after the other, or several at a time."""

    def __init__(self, methods: Mapping[str, ApiMethod], max_commands: int) -> None:
        self._methods = methods
        self._max_commands = max_commands

    async def __call__(self, caller: Caller, request: BatchRequest) -> BatchResult:
        if len(request.commands) > self._max_commands:
            raise ApiError(BAD_REQUEST, f"over {self._max_commands} commands")
        at_once = asyncio.Semaphore(PARALLEL if request.parallel else 1)

        async def run(command: dict[str, msgspec.Raw]) -> dict[str, msgspec.Struct]:
            async with at_once:
                return await self._reply(caller, command)

        # A semaphore lets them in in the order in which they came.
        return BatchResult(await asyncio.gather(*(run(command) for command in request.commands)))

    async def _reply(self, caller: Caller, command: dict[str, msgspec.Raw]) -> dict[str, msgspec.Struct]:
        try:
            name, body = self._only(command)
            return {name: await self._methods[name].call(caller, body)}
        except ApiError as error:
            return {"error": error.body}

    def _only(self, command: dict[str, msgspec.Raw]) -> tuple[str, msgspec.Raw]:
        if len(command) != 1:
            raise ApiError(BAD_REQUEST, "a command has one field, which is the method's name")
        ((name, body),) = command.items()
        if name not in self._methods:
            raise ApiError(METHOD_NOT_FOUND)
        return name, body
