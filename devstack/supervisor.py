"""The process that owns a running stack: starts it, watches it, and ends it whatever happens."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from devstack import protocol_suite
from devstack.demo import Demo
from devstack.kafka_jars import JarsError
from devstack.one_shot import CommandError
from devstack.part import PartError, StartInterruptedError
from devstack.stack_file import StackFile
from devstack.stack_lock import AlreadyRunningError, StackLock

WATCH_EVERY = 0.2  # seconds
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def supervise(directory: Path, *, brokers: int, fleet: bool, suite: bool = False, say: Callable[[str], None]) -> int:
    """Run the stack until a signal, or until a part dies. Returns the exit code: 0 when it was asked to end.

    `suite`: with the settings of `protocol_suite`.
    """
    began = time.monotonic()
    try:
        with StackLock(directory):
            settings = protocol_suite.SETTINGS if suite else None
            ports = {"gateway": protocol_suite.PORT} if suite else None
            demo = Demo(directory, brokers=brokers, say=say, settings=settings, ports=ports)
            _end_on_signal(demo.stack.site.stopping, say)
            try:
                demo.start(fleet=fleet)
                if fleet:  # otherwise `up` tells
                    say(f"all ready in {time.monotonic() - began:.1f} s")
                    tell(demo.describe(), say)
                _watch(demo)
            finally:
                demo.stop()
    except StartInterruptedError:
        return 0
    except (AlreadyRunningError, PartError, CommandError, JarsError) as error:
        say(f"error: {error}")
        return 1
    return 0


def tell(file: StackFile, say: Callable[[str], None]) -> None:
    """Where everything is, and a first ping to paste; the map's address is the last line."""
    say("")
    say(f"  ingest    {file.ingest_url}/v1/pings")
    say(f"  gateway   {file.gateway_url}")
    say(f"  control   {file.control_url}/operators")
    say(f"  registry  {file.registry_url}")
    say(f"  kafka     {file.kafka_bootstrap}")
    say("  keys      var/stack.json")
    say("")
    say(f"  your first ping, as the device {file.device.id}:")
    say("")
    say(_first_ping(file))
    say("")
    say(f"  phones    {file.phone_url}")
    say(f"  map       {file.map_url}")


def _first_ping(file: StackFile) -> str:
    """A command line to paste into a shell. The credential in it is the local stack's own."""
    ping = f'{{"asset":"{file.device.id}","time":"\'$(date -u +%FT%TZ)\'","lat":53.4084,"lon":-2.9916,"heading":90}}'
    return (
        f"  curl {file.ingest_url}/v1/pings -H 'Authorization: Bearer {file.device.credential}' \\\n"
        f"    -H 'Content-Type: application/json' -d '{ping}'"
    )


def _watch(demo: Demo) -> None:
    """Return when the stack shall end. Raises PartError when a part ended by itself."""
    while not demo.stack.site.stopping.wait(WATCH_EVERY):
        failed = demo.stack.death()
        if failed is not None:
            raise failed


def _end_on_signal(stopping: threading.Event, say: Callable[[str], None]) -> None:
    """The first signal ends all in order. Later ones change nothing: every part has its own limit for ending."""

    def end(_number: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            say("ending everything in order ...")

    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores SIGHUP, and means it
            signal.signal(number, end)
