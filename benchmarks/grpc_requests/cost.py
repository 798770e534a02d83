"""`python -m benchmarks requests`: what a notification costs ingest, by the way it comes."""

import argparse
import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import psutil
from grpc import aio

from benchmarks.stand import own_stack
from devstack.demo import Demo
from devstack.stack_file import StackFile
from ingest.grpc_api.generated import notifications_pb2 as pb

SERVICE = "/fleetcast.notifications.v1.Notifications"
LIST = 100
SETTINGS = {"FLEETCAST_INGEST_BACKEND_RATE": "1000000", "FLEETCAST_INGEST_BACKEND_BURST": "1000000"}
WARM_SECONDS = 1.0


@dataclass(frozen=True)
class Way:
    """One way to send: `one` sends a message with `each` notifications, `at_once` of them at a time."""

    name: str
    each: int
    at_once: int
    one: Callable[[], Awaitable[None]]


def main(argv: Sequence[str]) -> int:
    """Returns 0; nothing is promised of these figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks requests", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each way (5)")
    seconds: float = parser.parse_args(argv).seconds
    with own_stack(lambda line: print(f"  {line}", flush=True), SETTINGS) as demo:
        return asyncio.run(_all(demo, seconds))


async def _all(demo: Demo, seconds: float) -> int:
    stack = demo.describe()
    for name in stack.admin_urls:
        if name != "ingest":  # or they would work on what is sent, and take the time
            await asyncio.to_thread(demo.stack[name].stop)
    ingest = psutil.Process(stack.pids["ingest"])
    print(f"{'way':<28}{'notifications/s':>16}{'CPU each, us':>14}")
    headers = {"Authorization": f"Bearer {stack.backend_credential}"}
    async with aiohttp.ClientSession(headers=headers) as session, aio.insecure_channel(stack.grpc_target) as channel:
        for way in _ways(stack, session, channel):
            await _during(way, WARM_SECONDS)
            before, began = _cpu(ingest), time.perf_counter()
            sent = await _during(way, seconds)
            rate = sent / (time.perf_counter() - began)
            print(f"{way.name:<28}{rate:>16,.0f}{(_cpu(ingest) - before) / sent * 1e6:>14.0f}", flush=True)
    return 0


def _ways(stack: StackFile, session: aiohttp.ClientSession, channel: aio.Channel) -> list[Way]:
    ids = (f"cost-{time.time_ns()}-{number}" for number in itertools.count())
    url = f"{stack.ingest_url}/v1/notifications"
    metadata = (("authorization", f"Bearer {stack.backend_credential}"),)
    unary: aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{SERVICE}/Send")
    bulk: aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{SERVICE}/SendBulk")

    async def rest(document: Any) -> None:
        async with session.post(url, json=document) as answer:
            if answer.status != 202:
                raise RuntimeError(await answer.text())

    async def streamed() -> None:
        call: aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(f"{SERVICE}/SendStream")(metadata=metadata)

        async def write() -> None:
            for _ in range(1_000):
                await call.write(_message(next(ids)).SerializeToString())
            await call.done_writing()

        writing = asyncio.create_task(write())
        async for raw in call:
            if not pb.SendReply.FromString(raw).id:
                raise RuntimeError("refused")
        await writing

    async def one() -> None:
        await unary(_message(next(ids)).SerializeToString(), metadata=metadata)

    async def many() -> None:
        requests = [_message(next(ids)) for _ in range(LIST)]
        await bulk(pb.SendBulkRequest(requests=requests).SerializeToString(), metadata=metadata)

    return [
        Way("REST, one", 1, 32, lambda: rest(_object(next(ids)))),
        Way(f"REST, list of {LIST}", LIST, 4, lambda: rest([_object(next(ids)) for _ in range(LIST)])),
        Way("gRPC Send", 1, 32, one),
        Way("gRPC SendStream", 1_000, 2, streamed),
        Way(f"gRPC SendBulk of {LIST}", LIST, 4, many),
    ]


def _object(notification_id: str) -> dict[str, Any]:
    return {"type": "message", "user": "u42", "title": "At the door", "id": notification_id, "data": {"order": "A-1"}}


def _message(notification_id: str) -> Any:
    return pb.SendRequest(type="message", user="u42", title="At the door", id=notification_id, data=b'{"order": "A-1"}')


async def _during(way: Way, seconds: float) -> int:
    """How many notifications were acknowledged."""
    end, sent = time.perf_counter() + seconds, 0

    async def send() -> None:
        nonlocal sent
        while time.perf_counter() < end:
            await way.one()
            sent += way.each

    await asyncio.gather(*(send() for _ in range(way.at_once)))
    return sent


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
