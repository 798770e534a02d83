"""Our side: a provider's sender in its pool, with all bounds but none that holds it back."""

import itertools
import threading
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from benchmarks.push.bare import settings_of
from domain.push_request import PushRequest
from push_service.senders.alarms import Alarms
from push_service.senders.metrics import SendersMetrics
from push_service.senders.pool import Pool
from push_service.senders.providers import OPENINGS, SECTIONS
from push_service.senders.sender import Accepted
from push_service.senders.settings import SendersSettings
from runtime.health import Health
from runtime.settings import Loaded

SLICE = 500
"""As many as production sends between two looks into PostgreSQL at 1,000 calls a second."""
MOST = 1_000_000_000.0


class Ours:
    """Sends slices."""

    def __init__(self, pool: Pool, pushes: Sequence[PushRequest]) -> None:
        self._pool = pool
        self._following = itertools.cycle(pushes)

    async def slice(self) -> int:
        """Sends some; how many. Each was accepted."""
        calls = await self._pool.send_all(list(itertools.islice(self._following, SLICE)))
        for call in calls:
            assert call is not None
            assert isinstance(call.outcome, Accepted), call.outcome
        return len(calls)


async def ours(
    provider: str, environ: Mapping[str, str], pushes: Sequence[PushRequest], at_once: int, resources: AsyncExitStack
) -> Ours:
    """`at_once`: calls at a time."""
    section = SECTIONS[provider]
    loaded = Loaded({section: settings_of(section, environ)})
    sender = await OPENINGS[provider](loaded, resources)
    metrics = SendersMetrics(CollectorRegistry())
    settings = SendersSettings(
        providers=[provider],
        concurrency=at_once,
        rate=MOST,
        start_rate=MOST,
        installation_rate=MOST,
        installation_burst=1_000_000,
    )
    alarms = Alarms(provider, metrics, Health().require("configuration"))
    return Ours(Pool(provider, sender, settings, alarms, metrics, threading.Event()), pushes)
