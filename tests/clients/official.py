"""The official clients, unmodified, behind one interface, so that every test runs with each of them."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from centrifuge import Client, ClientEventHandler, DeltaType, StreamPosition, SubscriptionEventHandler

DRIVER = Path(__file__).with_name("driver.mjs")
PACKAGE = Path(__file__).resolve().parents[2] / "web/node_modules/centrifuge"
NODE = Path(sys.executable).with_name("node")
DEADLINE = 15.0

Event = dict[str, Any]


class Events:
    """What a client has told, in order."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._news = asyncio.Event()

    def add(self, event: Event) -> None:
        self.all.append(event)
        self._news.set()

    def of(self, name: str, channel: str | None = None) -> list[Event]:
        return [each for each in self.all if each["event"] == name and channel in (None, each.get("channel"))]

    async def wait(self, name: str, count: int = 1, channel: str | None = None) -> Event:
        """The count-th event of a name, as soon as it has happened."""
        await self.until(lambda: len(self.of(name, channel)) >= count, f"{count} {name}")
        return self.of(name, channel)[count - 1]

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; so far: {self.all[-20:]}") from None


class OfficialClient(Protocol):
    """One connection of an official client."""

    events: Events

    async def connect(self, url: str, token: str, fresh_token: str | None = None) -> None: ...
    async def subscribe(self, channel: str, *, delta: str | None = None) -> None: ...
    async def subscribe_by_token(self, channel: str, token: str, fresh_token: str) -> None: ...
    async def unsubscribe(self, channel: str) -> None: ...
    async def rpc(self, method: str, data: Any) -> None: ...
    async def ask(self, what: str, channel: str, *, data: Any = None, **options: Any) -> None: ...
    async def disconnect(self) -> None: ...
    async def close(self) -> None: ...


class JavaScriptClient:
    """npm `centrifuge` in Node, over Node's own WebSocket, EventSource or fetch."""

    def __init__(self, encoding: str = "json", transport: str = "websocket") -> None:
        self.events = Events()
        self._arguments = ("--experimental-eventsource", str(DRIVER), encoding, transport)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, url: str, token: str, fresh_token: str | None = None) -> None:
        assert PACKAGE.is_dir(), "npm ci has not been run in web/: make setup"
        self._process = await asyncio.create_subprocess_exec(
            NODE,
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=64 * 1024 * 1024,
        )
        self._reading = asyncio.create_task(self._read())
        await self._do("connect", url=url, token=token, fresh_token=fresh_token)

    async def subscribe(self, channel: str, since: dict[str, Any] | None = None, *, delta: str | None = None) -> None:
        await self._do("subscribe", channel=channel, since=since, delta=delta)

    async def subscribe_by_token(self, channel: str, token: str, fresh_token: str) -> None:
        """`fresh_token` is what the application gives when the SDK asks for another."""
        await self._do("subscribe", channel=channel, token=token, fresh_token=fresh_token)

    async def unsubscribe(self, channel: str) -> None:
        await self._do("unsubscribe", channel=channel)

    async def rpc(self, method: str, data: Any) -> None:
        await self._do("rpc", method=method, data=data)

    async def ask(self, what: str, channel: str, *, data: Any = None, **options: Any) -> None:
        """publish, history, presence or presence_stats; the answer is an event of that name, or its `_error`."""
        await self._do("ask", what=what, channel=channel, data=data, options=options)

    async def disconnect(self) -> None:
        await self._do("disconnect")

    async def close(self) -> None:
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), DEADLINE)
        if self._reading is not None:
            await self._reading

    async def _do(self, op: str, **arguments: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.events.add(json.loads(line))


def _read(data: Any) -> Any:
    """Over Protobuf all data are bytes; here as in our apps they hold JSON."""
    if isinstance(data, bytes):
        return json.loads(data) if data else None
    return data


class _Connection(ClientEventHandler):  # type: ignore[misc]  # the package ships no types
    def __init__(self, events: Events) -> None:
        self._events = events

    async def on_connecting(self, ctx: Any) -> None:
        self._events.add({"event": "connecting", "code": ctx.code, "reason": ctx.reason})

    async def on_connected(self, ctx: Any) -> None:
        self._events.add({"event": "connected", "id": ctx.client})

    async def on_disconnected(self, ctx: Any) -> None:
        self._events.add({"event": "disconnected", "code": ctx.code, "reason": ctx.reason})

    async def on_subscribed(self, ctx: Any) -> None:
        self._events.add({"event": "server_subscribed", "channel": ctx.channel, "recovered": ctx.recovered})

    async def on_unsubscribed(self, ctx: Any) -> None:
        self._events.add({"event": "server_unsubscribed", "channel": ctx.channel})

    async def on_publication(self, ctx: Any) -> None:
        data, offset = _read(ctx.pub.data), ctx.pub.offset
        self._events.add({"event": "server_publication", "channel": ctx.channel, "data": data, "offset": offset})

    async def on_error(self, ctx: Any) -> None:
        self._events.add({"event": "error", "code": ctx.code, "reason": repr(ctx.error)})


class _Subscription(SubscriptionEventHandler):  # type: ignore[misc]
    def __init__(self, events: Events, channel: str) -> None:
        self._events = events
        self._channel = channel

    def _add(self, event: str, **rest: Any) -> None:
        self._events.add({"event": event, "channel": self._channel, **rest})

    async def on_subscribing(self, ctx: Any) -> None:
        self._add("subscribing", code=ctx.code, reason=ctx.reason)

    async def on_subscribed(self, ctx: Any) -> None:
        position = ctx.stream_position
        self._add(
            "subscribed",
            data=_read(ctx.data),
            recovered=ctx.recovered,
            was_recovering=ctx.was_recovering,
            recoverable=ctx.recoverable,
            position=None if position is None else {"offset": position.offset, "epoch": position.epoch},
        )

    async def on_unsubscribed(self, ctx: Any) -> None:
        self._add("unsubscribed", code=ctx.code, reason=ctx.reason)

    async def on_publication(self, ctx: Any) -> None:
        self._add("publication", data=_read(ctx.pub.data), offset=ctx.pub.offset)

    async def on_join(self, ctx: Any) -> None:
        self._add("join", user=ctx.info.user)

    async def on_leave(self, ctx: Any) -> None:
        self._add("leave", user=ctx.info.user)

    async def on_error(self, ctx: Any) -> None:
        self._add("sub_error", code=ctx.code, reason=repr(ctx.error))


class PythonClient:
    """PyPI `centrifuge-python`, with its default limits."""

    def __init__(self, encoding: str = "json") -> None:
        self.events = Events()
        self._protobuf = encoding == "protobuf"
        self._client: Any = None
        self._calls: set[asyncio.Task[None]] = set()

    async def connect(self, url: str, token: str, fresh_token: str | None = None) -> None:
        async def get_token() -> str:
            self.events.add({"event": "token_asked"})
            assert fresh_token is not None
            return fresh_token

        self._client = Client(
            url,
            events=_Connection(self.events),
            token=token,
            get_token=get_token if fresh_token else None,
            min_reconnect_delay=0.02,
            max_reconnect_delay=0.1,
            max_server_ping_delay=1.0,
            proxy=None,
            use_protobuf=self._protobuf,
        )
        await self._client.connect()

    async def subscribe(
        self, channel: str, positions: list[tuple[int, str]] | None = None, *, delta: str | None = None
    ) -> None:
        """`positions`: the application's own state is at these, one after the other, as often as it is asked."""

        async def get_state(_: str) -> Any:
            assert positions is not None
            offset, epoch = positions.pop(0)
            return StreamPosition(offset=offset, epoch=epoch)

        subscription = self._client.new_subscription(
            channel,
            events=_Subscription(self.events, channel),
            min_resubscribe_delay=0.02,
            max_resubscribe_delay=0.1,
            get_state=None if positions is None else get_state,
            join_leave=True,
            delta=None if delta is None else DeltaType(delta),
        )
        await subscription.subscribe()

    async def subscribe_by_token(self, channel: str, token: str, fresh_token: str) -> None:
        """`fresh_token` is what the application gives when the SDK asks for another."""

        async def get_token(_: str) -> str:
            self.events.add({"event": "sub_token_asked", "channel": channel})
            return fresh_token

        subscription = self._client.new_subscription(
            channel,
            events=_Subscription(self.events, channel),
            token=token,
            get_token=get_token,
            min_resubscribe_delay=0.02,
            max_resubscribe_delay=0.1,
        )
        await subscription.subscribe()

    async def unsubscribe(self, channel: str) -> None:
        await self._client.get_subscription(channel).unsubscribe()

    async def rpc(self, method: str, data: Any) -> None:
        try:
            result = await self._client.rpc(method, json.dumps(data).encode() if self._protobuf else data)
        except Exception as error:  # noqa: BLE001 whatever the client raises is what the test wants to see
            self.events.add({"event": "rpc_error", "code": getattr(error, "code", None), "reason": repr(error)})
        else:
            self.events.add({"event": "rpc", "data": _read(result.data)})

    async def ask(self, what: str, channel: str, *, data: Any = None, **options: Any) -> None:
        try:
            told = await self._asked(what, channel, data, options)
        except Exception as error:  # noqa: BLE001 whatever the client raises is what the test wants to see
            self.events.add({"event": f"{what}_error", "channel": channel, "code": getattr(error, "code", None)})
        else:
            self.events.add({"event": what, "channel": channel, **told})

    async def _asked(self, what: str, channel: str, data: Any, options: dict[str, Any]) -> Event:
        if what == "publish":
            await self._client.publish(channel, json.dumps(data).encode() if self._protobuf else data)
            return {}
        if what == "presence":
            return {"users": [each.user for each in (await self._client.presence(channel)).clients.values()]}
        if what == "presence_stats":
            stats = await self._client.presence_stats(channel)
            return {"clients": stats.num_clients, "users": stats.num_users}
        if "since" in options:
            options["since"] = StreamPosition(**options["since"])
        history = await self._client.history(channel, **options)
        publications = [{"offset": each.offset, "data": _read(each.data)} for each in history.publications]
        return {"publications": publications, "offset": history.offset, "epoch": history.epoch}

    async def disconnect(self) -> None:
        await self._client.disconnect()

    async def close(self) -> None:
        """`disconnect` leaves the closing of its socket to tasks of its own: wait for them, before the loop ends."""
        if self._client is None:
            return
        await self._client.disconnect()
        if self._client._background_tasks:
            await asyncio.wait(self._client._background_tasks, timeout=DEADLINE)
