"""The road of items of one kind, from what was sent to what became of each: the same for every API."""

from collections.abc import Callable
from typing import Any

from ingest.admission import Caller
from ingest.event_times import Clock
from ingest.intake import Intake, Taken
from ingest.publishing import EventPublisher
from ingest.responses import Accepted, Result, settled
from runtime.http.faults import Faults, problem_of
from runtime.http.problem import Problem

Place = Callable[[int], str]
"""The pointer of the item with this index, within what was sent."""


class Carrier:
    """Reads items and publishes them. Every one is acknowledged by Kafka, or refused by name."""

    def __init__(self, intake: Intake, publisher: EventPublisher, now: Clock) -> None:
        self._intake = intake
        self._publisher = publisher
        self._now = now

    async def carry(self, items: list[Any], caller: Caller, traceparent: str | None, place: Place) -> list[Result]:
        """One result for each item, in their order. `items` is emptied: Kafka's answer may take seconds, and
        meanwhile only the records are held."""
        read = self._read(items, caller, place)
        items.clear()
        taken = [each for each in read if isinstance(each, Taken)]
        if not taken:
            return [each for each in read if isinstance(each, Problem)]
        published = iter(
            await self._publisher.publish(
                self._intake.topic, self._intake.event_type, [each.event for each in taken], caller.source, traceparent
            )
        )
        return [
            settled(Accepted(each.event.id, each.flags), next(published)) if isinstance(each, Taken) else each
            for each in read
        ]

    def _read(self, items: list[Any], caller: Caller, place: Place) -> list[Taken | Problem]:
        received_at = self._now()
        read: list[Taken | Problem] = []
        for index, item in enumerate(items):
            try:
                read.append(self._intake.read(item, caller, received_at))
            except Faults as wrong:
                read.append(problem_of(wrong.faults, place(index)))
        return read
