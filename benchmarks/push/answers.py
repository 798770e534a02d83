"""`python -m benchmarks.push.answers`: answers as SNS and as a push service do, and nothing else. Prints its port."""

import asyncio
import signal

import uvloop
from aiohttp import web

from devstack.ports import LOOPBACK

PUBLISHED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
    "<MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult><ResponseMetadata>"
    "<RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId></ResponseMetadata></PublishResponse>"
)


async def _sns(request: web.Request) -> web.StreamResponse:
    await request.read()
    return web.Response(text=PUBLISHED, content_type="text/xml")


async def _push_service(request: web.Request) -> web.StreamResponse:
    await request.read()
    return web.Response(status=201, headers={"Location": "/message/JDhj3a4"})


async def _serve() -> None:
    app = web.Application()
    app.router.add_post("/", _sns)
    app.router.add_post("/push/{name}", _push_service)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(runner.addresses[0][1], flush=True)
    await stopping.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_serve())
