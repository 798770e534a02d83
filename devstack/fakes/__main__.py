"""`python -m devstack.fakes --directory D --page P --fcm P --apns P --sandbox P`: serve until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
from pathlib import Path

import uvloop

from devstack.fakes.keys import KeyFiles
from devstack.fakes.serving import Ports, serving


async def serve(keys: KeyFiles, ports: Ports) -> None:
    """Until told to end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serving(keys, ports):
        print(f"phones on http://127.0.0.1:{ports.page}", flush=True)
        await stopping.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.fakes", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where keys and certificates are")
    for name in ("page", "fcm", "apns", "sandbox"):
        parser.add_argument(f"--{name}", type=int, required=True, help="port")
    given = parser.parse_args()
    ports = Ports(given.page, given.fcm, given.apns, given.sandbox)
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve(KeyFiles(given.directory), ports))


if __name__ == "__main__":
    main()
