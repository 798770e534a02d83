"""`python -m benchmarks.gateway.crowd`: thousands of clients of the gateway in a process of their own.

Its plan is a line of JSON on its input. It says when it is prepared, opens its sockets at the next line of input, says
when all are subscribed, and gives its result after a third line, which says how much was to arrive.
"""

import gc
import select
import sys
import time

import msgspec

from access.settings import AccessSettings
from access.token_maker import TokenMaker
from access.viewer import Capability
from benchmarks.gateway.crowd_socket import CrowdSocket, CrowdSocketError, Stage
from benchmarks.gateway.work import channel_name, fleet_name
from domain.instants import HOUR

AT_ONCE = 256  # sockets that are being opened
SAMPLED = 100  # sockets whose latencies are taken
MOST_SAMPLES = 200_000
_EVENTS = 512


class CrowdPlan(msgspec.Struct, frozen=True):
    """How many sockets, from which address, over how many channels. The last `silent` of them follow all channels, and
    never read once they are subscribed."""

    host: str
    port: int
    source: str
    sockets: int
    channels: int
    jwt_secret: str
    silent: int = 0


class Go(msgspec.Struct, frozen=True):
    """Open them."""


class Finish(msgspec.Struct, frozen=True):
    """So many pushes are to arrive on those that read, within so many seconds."""

    deliveries: int
    within: float


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """All tokens are made, and so many sockets are subscribed."""

    opened: int = 0


class CrowdResult(msgspec.Struct, frozen=True, tag="result"):
    """In the end. `ages` are milliseconds from produce to client, of some sockets.

    `silent_cut` is how many seconds after its subscribe the last silent one was cut off; None: none was.
    """

    pushes: int
    silent_cut: float | None
    lost: int
    """Sockets that the gateway closed."""
    ages: list[float]


class Crowd:
    """One loop over all sockets."""

    def __init__(self, plan: CrowdPlan) -> None:
        self._plan = plan
        self._poll = select.epoll()
        self._sockets: dict[int, CrowdSocket] = {}
        self._ages: list[int] = []
        self._opened = 0
        self._pushes = 0
        self._lost = 0
        self._silent_since = 0.0
        self._silent_cut: float | None = None
        self._waiting = self._prepare()

    def open(self) -> None:
        """Opens all sockets, so many at a time. Raises CrowdSocketError."""
        address = (self._plan.host, self._plan.port)
        total = len(self._waiting)
        while self._opened < total:
            while self._waiting and len(self._sockets) - self._opened < AT_ONCE:
                each = self._waiting.pop()
                number = each.open(self._plan.source, address)
                self._sockets[number] = each
                self._poll.register(number, select.EPOLLOUT)
            self._turn(1.0)

    def watch(self) -> None:
        """Counts what comes until told to finish, and that much has come or the time is over; or told to go."""
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        while not self._turn(0.5):
            pass
        self._poll.unregister(sys.stdin.fileno())
        line = sys.stdin.readline()
        if not line:
            return
        finish = msgspec.json.decode(line, type=Finish)
        deadline = time.monotonic() + finish.within
        while self._pushes < finish.deliveries and time.monotonic() < deadline:
            self._turn(0.05)

    def result(self) -> CrowdResult:
        step = max(1, len(self._ages) // MOST_SAMPLES)
        return CrowdResult(self._pushes, self._silent_cut, self._lost, [age / 1000 for age in self._ages[::step]])

    def _prepare(self) -> list[CrowdSocket]:
        plan = self._plan
        maker = TokenMaker(AccessSettings(jwt_hmac_secret=plan.jwt_secret))
        every = max(1, plan.sockets // SAMPLED)
        sockets = []
        for number in range(plan.sockets):
            silent = number >= plan.sockets - plan.silent
            fleets = range(plan.channels) if silent else [number % plan.channels]
            token = maker.make(
                user=f"u{number}",
                fleets=[fleet_name(each) for each in fleets],
                capabilities=[Capability.WATCH],
                valid_for=HOUR,
            )
            channels = [channel_name(each) for each in fleets]
            watch = self._ages.append if number % every == 0 else None
            sockets.append(CrowdSocket(channels, token, watch=watch, silent=silent))
        return sockets

    def _turn(self, seconds: float) -> bool:
        """Handles what has come. True: there is a line on our input."""
        told = False
        for number, events in self._poll.poll(seconds, _EVENTS):
            each = self._sockets.get(number)
            if each is None:
                told = True
            elif each.stage is Stage.WATCHING and each.silent:
                self._silent_cut = time.monotonic() - self._silent_since
                self._poll.unregister(number)
            elif each.stage is Stage.WATCHING:
                self._take(number, each)
            elif each.stage is Stage.CONNECTING:
                each.connected()
                self._poll.modify(number, select.EPOLLIN)
            elif events & select.EPOLLIN and each.advance():
                self._subscribed(number, each)
        return told

    def _subscribed(self, number: int, each: CrowdSocket) -> None:
        self._opened += 1
        if each.silent:
            self._silent_since = time.monotonic()
            self._poll.modify(number, 0)  # that it is cut off is told all the same

    def _take(self, number: int, each: CrowdSocket) -> None:
        try:
            pushes = each.take()
        except ConnectionError:
            pushes = -1
        if pushes < 0:
            print(f"closed by the gateway: {each.last!r}", file=sys.stderr)
            self._lost += 1
            self._poll.unregister(number)
        else:
            self._pushes += pushes


def tell(message: msgspec.Struct) -> None:
    """A line on our output."""
    sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
    sys.stdout.flush()


def main() -> int:
    plan = msgspec.json.decode(sys.stdin.readline(), type=CrowdPlan)
    crowd = Crowd(plan)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and the process lives for a minute
    tell(Prepared())
    msgspec.json.decode(sys.stdin.readline(), type=Go)
    try:
        crowd.open()
    except CrowdSocketError as error:
        print(error, file=sys.stderr)
        return 1
    tell(Prepared(plan.sockets))
    crowd.watch()
    tell(crowd.result())
    sys.stdin.read()  # its sockets stay open until it is told to go
    return 0


if __name__ == "__main__":
    sys.exit(main())
