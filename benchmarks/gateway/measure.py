"""How the figures are taken: crowds, producer and bare server as processes, CPU time and memory from outside."""

import contextlib
import time
from collections.abc import Callable, Iterator

import psutil

from access.settings import AccessSettings
from access.token_maker import TokenMaker
from access.viewer import Capability
from benchmarks.gateway.bare_server import BarePlan, BareResult, Listening, Write
from benchmarks.gateway.crowd import CrowdPlan, CrowdResult, Finish, Go, Prepared
from benchmarks.gateway.figures import LoadFigures, OpenFigures, Run, SlowFigures
from benchmarks.gateway.first_client import wait_for_channels
from benchmarks.gateway.producer import ProducePlan, ProduceProgress, ProduceResult
from benchmarks.gateway.stand import GatewayStand
from benchmarks.gateway.work import CROWD_SOCKETS, LOAD_LINES, OPEN_SOCKETS, WARM_UP, Line, channel_name, fleet_name
from benchmarks.speed.helper import Helper
from benchmarks.speed.percentiles import Percentiles
from domain.instants import HOUR

_WITHIN = 20.0  # seconds for what is still under way
_WARM_SOCKETS = 500
_WARM_SECONDS = 8.0
_Crowd = Helper[Prepared, CrowdResult]
_Show = Callable[[str], None]


class Measure:
    """Takes the figures of one line after another, on one stand."""

    def __init__(self, stand: GatewayStand, channels: int, seconds: float, show: _Show) -> None:
        self._stand = stand
        self._channels = channels
        self._seconds = seconds
        self._show = show

    def warm_up(self) -> None:
        """Until every channel can be had; what is needed but once is not measured."""
        maker = TokenMaker(AccessSettings(jwt_hmac_secret=self._stand.jwt_secret))
        fleets = [fleet_name(each) for each in range(self._channels)]
        token = maker.make(user="first", fleets=fleets, capabilities=[Capability.WATCH], valid_for=HOUR)
        url = self._stand.url.replace("http:", "ws:") + "/connection/websocket"
        wait_for_channels(url, token, [channel_name(each) for each in range(self._channels)])
        with self._crowds(self._stand.address, _WARM_SOCKETS):
            pass
        self._gateway(WARM_UP, seconds=_WARM_SECONDS)

    def opening(self, sockets: int = OPEN_SOCKETS) -> tuple[OpenFigures, OpenFigures]:
        """Many sockets at once, from several processes and source addresses; and once more, when the system has given
        the gateway the memory for so many already.
        """
        return self._opening(sockets), self._opening(sockets)

    def _opening(self, sockets: int) -> OpenFigures:
        self._quiet()
        gateway = psutil.Process(self._stand.gateway_pid)
        resident, cpu = gateway.memory_info().rss, _cpu(gateway)
        with self._crowds(self._stand.address, sockets) as (_, seconds):
            self._show(f"{sockets} sockets opened in {seconds:.1f} s")
            return OpenFigures(
                sockets=sockets,
                per_second=sockets / seconds,
                cpu=(_cpu(gateway) - cpu) / sockets * 1e6,
                kb=(gateway.memory_info().rss - resident) / 1024 / sockets,
            )

    def load(self, line: Line) -> LoadFigures:
        """The gateway under a line's load, and the bare loop."""
        gateway, late, _ = self._gateway(line)
        return LoadFigures(line, gateway, self._bare(line), late)

    def slow(self) -> SlowFigures:
        """The second line's load without and with a client that never reads."""
        line = LOAD_LINES[1]
        before: list[int] = []
        without, _, _ = self._gateway(line, resident=before)
        closed = self._closed_as_slow()
        resident: list[int] = []
        beside, _, cut_after = self._gateway(line, silent=1, resident=resident)
        return SlowFigures(
            without=without,
            beside=beside,
            closed=round(self._closed_as_slow() - closed),
            cut_after=cut_after,
            grown_kb=(max(resident) - resident[0]) / 1024,
            grown_without_kb=(max(before) - before[0]) / 1024,
        )

    def _gateway(
        self, line: Line, silent: int = 0, resident: list[int] | None = None, seconds: float | None = None
    ) -> tuple[Run, float, float | None]:
        """The run, how late the producer was, and when a silent one was cut off. `resident` is filled once a second."""
        stack = self._stand.stack
        rate = line.deliveries / line.sockets * self._channels
        plan = ProducePlan(stack.kafka_bootstrap, stack.registry_url, rate, seconds or self._seconds, self._channels)
        gateway = psutil.Process(self._stand.gateway_pid)

        def show(progress: ProduceProgress) -> None:
            self._show(f"{line.name}: {progress.sent} records produced")
            if resident is not None:
                resident.append(gateway.memory_info().rss)

        with (
            self._crowds(self._stand.address, line.sockets, silent) as (crowds, _),
            self._stand.recorder_paused(),
            Helper("benchmarks.gateway.producer", plan, ProduceProgress, ProduceResult) as producer,
        ):
            cpu = _cpu(gateway)
            result = producer.result(show)
            expected = sum(
                sent * len(range(fleet, line.sockets, self._channels)) for fleet, sent in enumerate(result.sent)
            )
            watched = _finish(crowds, expected)
            run = _run(watched, expected, result.seconds, _cpu(gateway) - cpu)
            return run, result.late, watched[0].silent_cut

    def _bare(self, line: Line) -> Run:
        plan = BarePlan(self._stand.cores.measured, self._channels)
        order = Write(line.deliveries / line.sockets * self._channels, self._seconds)
        with Helper("benchmarks.gateway.bare_server", plan, Listening, BareResult) as server:
            listening = server.next()
            assert isinstance(listening, Listening)
            process = psutil.Process(server.pid)
            with self._crowds(("127.0.0.1", listening.port), line.sockets) as (crowds, _):
                cpu = _cpu(process)
                server.tell(order)
                result = server.result()
                watched = _finish(crowds, result.writes)
                run = _run(watched, result.writes, result.seconds, _cpu(process) - cpu)
        self._show(f"{line.name}: bare loop {run.cpu:.1f} us")
        return run

    @contextlib.contextmanager
    def _crowds(self, address: tuple[str, int], sockets: int, silent: int = 0) -> Iterator[tuple[list[_Crowd], float]]:
        """Crowds whose sockets are all subscribed, and the seconds that took. `silent` more never read."""
        counts = [min(CROWD_SOCKETS, sockets - begin) for begin in range(0, sockets, CROWD_SOCKETS)]
        with contextlib.ExitStack() as open_crowds:
            crowds: list[_Crowd] = []
            for number, count in enumerate(counts):
                plan = CrowdPlan(
                    host=address[0],
                    port=address[1],
                    source=f"127.0.0.{number + 2}",
                    sockets=count + silent,
                    channels=self._channels,
                    jwt_secret=self._stand.jwt_secret,
                    silent=silent,
                )
                crowds.append(
                    open_crowds.enter_context(Helper("benchmarks.gateway.crowd", plan, Prepared, CrowdResult))
                )
            for crowd in crowds:
                crowd.next()
            began = time.monotonic()
            for crowd in crowds:
                crowd.tell(Go())
            for crowd in crowds:
                crowd.next()
            yield crowds, time.monotonic() - began

    def _quiet(self) -> None:
        deadline = time.monotonic() + _WITHIN
        while self._stand.count("fleetcast_gateway_sockets") and time.monotonic() < deadline:
            time.sleep(0.1)

    def _closed_as_slow(self) -> float:
        return self._stand.count('fleetcast_gateway_disconnects_total{code="3008"}')


def _finish(crowds: list[_Crowd], expected: int) -> list[CrowdResult]:
    """`expected` deliveries are due on one crowd. Several crowds under load would each need to know their part."""
    assert len(crowds) == 1
    crowds[0].tell(Finish(expected, _WITHIN))
    return [crowd.result() for crowd in crowds]


def _run(results: list[CrowdResult], expected: int, seconds: float, cpu: float) -> Run:
    arrived = sum(result.pushes for result in results)
    return Run(
        deliveries=arrived,
        missing=expected - arrived,
        lost_sockets=sum(result.lost for result in results),
        per_second=arrived / seconds,
        cpu=cpu / max(1, arrived) * 1e6,
        latency=Percentiles.of([age / 1000 for result in results for age in result.ages]),
    )


def _cpu(process: psutil.Process) -> float:
    """Seconds of CPU time, user and system, since the process began."""
    times = process.cpu_times()
    return times.user + times.system
