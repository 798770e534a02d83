"""From a client's frame to its replies: decode, look the command up, run it, answer."""

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence

import msgspec
import structlog

from push_service.gateway.commands.handler import Handler
from push_service.gateway.protocol.codec import MalformedFrameError
from push_service.gateway.protocol.commands import Command
from push_service.gateway.protocol.disconnects import BAD_REQUEST, SERVER_ERROR, TOO_MANY_REQUESTS, DisconnectError
from push_service.gateway.protocol.errors import INTERNAL, CommandError
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.sessions.session import Session

log = structlog.get_logger(__name__)


class Dispatcher:
    """Runs the commands of every session. Those of one session begin in the order in which they came."""

    def __init__(self, handlers: Mapping[str, Handler], max_commands: int) -> None:
        """`handlers` by the command's field name; `max_commands`: at most so many in a frame."""
        self._handlers = handlers
        self._max_commands = max_commands
        self._running: set[asyncio.Task[None]] = set()

    def receive(self, session: Session, frame: bytes) -> None:
        """Answers everything in a frame, now or as soon as what it needs is there. Never raises."""
        try:
            self._take(session, session.transport.codec.decode(frame, self._max_commands))
        except MalformedFrameError:
            session.disconnect(BAD_REQUEST)
        except DisconnectError as end:
            session.disconnect(end.disconnect)
        except Exception:
            log.exception("a command failed")
            session.disconnect(SERVER_ERROR)

    def _take(self, session: Session, commands: Sequence[Command]) -> None:
        for index, command in enumerate(commands):
            if session.closed:
                return
            if session.held is not None:
                # Its connect is being answered: what the client sent along comes after that.
                session.held += commands[index:]
                if len(session.held) > self._max_commands:
                    raise DisconnectError(TOO_MANY_REQUESTS)
                return
            self._run(session, command)

    def _run(self, session: Session, command: Command) -> None:
        if session.allowance.take(1, time.monotonic()) > 0:
            raise DisconnectError(TOO_MANY_REQUESTS)
        name, request = _request_of(command)
        if session.viewer is None and name != "connect":
            raise DisconnectError(BAD_REQUEST)
        if name is None and command.id == 0:
            session.awaits_pong = False
            return
        if name is None or (command.id <= 0 and name not in _WITHOUT_REPLY):
            raise DisconnectError(BAD_REQUEST)
        try:
            result = self._handlers[name](session, request)
        except CommandError as refused:
            session.reply(Reply(id=command.id, error=refused.error))
            return
        if isinstance(result, msgspec.Struct):
            session.reply(_reply(command.id, name, result))
        else:
            if name == "connect":
                session.held = []
            task = asyncio.ensure_future(self._later(session, command.id, name, result))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _later(
        self, session: Session, command_id: int, name: str, result: Awaitable[msgspec.Struct | None]
    ) -> None:
        # Nothing may be awaited between the result and its reply: what the result leads up to is pushed right after it.
        try:
            done = await result
            if done is not None:
                session.reply(_reply(command_id, name, done))
        except CommandError as refused:
            session.reply(Reply(id=command_id, error=refused.error))
        except DisconnectError as end:
            session.disconnect(end.disconnect)
        except Exception:
            log.exception("a command failed", command=name)
            session.reply(Reply(id=command_id, error=INTERNAL))
        if name == "connect":
            self._take_held(session)

    def _take_held(self, session: Session) -> None:
        held, session.held = session.held or [], None
        try:
            self._take(session, held)
        except DisconnectError as end:
            session.disconnect(end.disconnect)
        except Exception:
            log.exception("a command failed")
            session.disconnect(SERVER_ERROR)


_WITHOUT_REPLY = frozenset({"send"})
_REQUESTS = tuple(field for field in Command.__struct_fields__ if field != "id")


def _request_of(command: Command) -> tuple[str | None, object]:
    for name in _REQUESTS:
        request = getattr(command, name)
        if request is not None:
            return name, request
    return None, None


def _reply(command_id: int, name: str, result: msgspec.Struct) -> Reply:
    return Reply(id=command_id, **{name: result})  # type: ignore[arg-type]  # a reply's fields have the commands' names
