"""What breaks on the road of a notification: processes die between any two steps, and stores go away."""

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.faults import empty_redis
from devstack.demo import Demo

DIES_WITHIN = 150.0  # seconds; work comes to every place as long as the load goes on, to some once in a minute


class NotReachedError(Exception):
    """The process did not die where it was told to."""


@dataclass(frozen=True)
class NoticeFault:
    """Done while the load goes on; what it ended runs again when it returns, or raises NotReachedError."""

    name: str
    happen: Callable[[Demo], None]
    quiet: bool = False
    """Quiet hours begin and end meanwhile."""


POINTS: Sequence[tuple[str, str, str, str]] = (
    ("route", "stream_processors.route", "ADMIN", "route.requested"),
    ("route", "stream_processors.route", "ADMIN", "route.published"),
    ("route", "stream_processors.route", "ADMIN", "route.done"),
    ("address", "stream_processors.address", "ADMIN", "address.put-off"),
    ("address", "stream_processors.address", "ADMIN", "address.published"),
    ("address", "stream_processors.address", "ADMIN", "address.done"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "dispatcher.classified"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "dispatcher.stored"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "dispatcher.put-off"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "dispatcher.published"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "dispatcher.handed-over"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "dispatcher.done"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "pushes.queued"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "pushes.told"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "pushes.requested"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "timer.leased"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "timer.produced"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "returned.put-off"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "returned.released"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "returned.digest-taken"),
    ("dispatcher", "push_service.dispatcher", "ADMIN", "timeline.stored"),
    ("gateway", "push_service.gateway", "GATEWAY", "gateway.acked"),
    ("gateway", "push_service.gateway", "GATEWAY", "gateway.receipts-made:8"),
    ("control_api", "control_api", "CONTROL", "control.changed"),
    ("control_api", "control_api", "CONTROL", "control.steps-told"),
    ("control_api", "control_api", "CONTROL", "control.told"),
    ("control_api", "control_api", "CONTROL", "control.acked"),
    ("senders", "push_service.senders", "ADMIN", "senders.granted"),
    ("senders", "push_service.senders", "ADMIN", "senders.called"),
    ("senders", "push_service.senders", "ADMIN", "senders.told"),
    ("senders", "push_service.senders", "ADMIN", "senders.decided"),
)
"""(part, module, the section of its port, the place where it dies, and at which time, if not the first: by the eighth
batch of receipts the apps are back, and are shown what comes)
"""

QUIET = frozenset({"returned.put-off", "returned.released"})
"""Places where work comes when quiet hours end."""


def dies_at(part: str, module: str, section: str, place: str) -> NoticeFault:
    """In the part's stead runs one that dies at that place as by kill -9; then the part runs again."""

    def happen(demo: Demo) -> None:
        port = demo.product.admin_urls[part].rpartition(":")[2]
        env = {f"FLEETCAST_{section}_HOST": "127.0.0.1", f"FLEETCAST_{section}_PORT": port}
        mortal = demo.product.command(module, env={**env, "FLEETCAST_PROCESS_FAIL_AT": place})
        site = demo.stack.site
        demo.stack[part].stop()
        process = site.spawner.spawn(mortal, site.log(f"{part}-that-dies"))
        try:
            code = process.wait(DIES_WITHIN)
            if code != -9:
                raise NotReachedError(f"{part} ended with {code} instead of dying at {place}")
        except subprocess.TimeoutExpired as error:
            raise NotReachedError(f"{part} did not come to {place} within {DIES_WITHIN:.0f} s") from error
        finally:
            if process.poll() is None:
                process.kill()
            demo.stack[part].start()

    return NoticeFault(f"{part} killed at {place.partition(':')[0]}", happen, quiet=place in QUIET)


def killed(part: str) -> NoticeFault:
    """kill -9 at any moment, and a restart."""

    def happen(demo: Demo) -> None:
        demo.stack[part].kill()
        demo.stack[part].start()

    return NoticeFault(f"{part} killed", happen)


def at_once(*faults: NoticeFault) -> NoticeFault:
    """Of different parts."""

    def happen(demo: Demo) -> None:
        with ThreadPoolExecutor(len(faults)) as pool:
            for happened in [pool.submit(fault.happen, demo) for fault in faults]:
                happened.result()

    return NoticeFault(", ".join(fault.name for fault in faults), happen, quiet=any(fault.quiet for fault in faults))


NOTICE_FAULTS: Sequence[NoticeFault] = (
    *(dies_at(*point) for point in POINTS),
    NoticeFault("Redis emptied", empty_redis),
    killed("valkey"),
    killed("postgres"),
    killed("kafka"),
    at_once(*(killed(part) for part in ("route", "address", "dispatcher", "gateway", "control_api"))),
)
