"""People with apps, a load, a fault; then everybody has been told everything, once, and every timeline says how."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from benchmarks.notices.app import App
from benchmarks.notices.faults import NoticeFault, NotReachedError
from benchmarks.notices.load import Load
from benchmarks.notices.people import Person
from benchmarks.notices.quiet import QuietHours
from devstack.demo import Demo

SETTLED = frozenset({"acked", "sent", "failed", "expired", "cancelled", "none"})
"""Push decisions that are made."""
SAID_AS = {"failed": "failed", "expired": "expired", "cancelled": "cancelled", "none": "cancelled"}
"""Of those that are no push and no acknowledgement: the step that says so."""
AGAIN_AFTER = 0.5  # seconds
BUSY = (429, 503)
MOST_TOLD = 8


@dataclass(frozen=True)
class NoticePace:
    """`rate` in events a second; times in seconds."""

    rate: float
    steady: float
    """Load before the fault, and after it."""
    within: float
    """What is left then may take so long."""


@dataclass
class NoticeOutcome:
    """What an episode showed."""

    fault: str
    events: int
    settled_after: float
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """For people."""
        mark = "FAIL" if self.faults else "ok  "
        return f"{mark} {self.fault:<52} {self.events:4} events; settled {self.settled_after:5.1f} s after the last"


class Proving:
    """Three people follow the same orders: ann has two apps that acknowledge, bob one that never does, and eve has only
    her phone. Ann reads and acknowledges over HTTP now and then. When it is asked for, bob's quiet hours end and begin
    again, and eve's become longer before they end.
    """

    def __init__(self, demo: Demo, session: aiohttp.ClientSession, pace: NoticePace, run: str) -> None:
        self._demo = demo
        self._session = session
        self._pace = pace
        self._run = run
        self._stack = demo.describe()
        self.people = [Person(demo, session, f"{run}-{name}") for name in ("ann", "bob", "eve")]
        ann, bob, _ = self.people
        url = self._stack.gateway_url
        self.apps = {
            "ann's first app": App(url, ann.token, acks=True),
            "ann's second app": App(url, ann.token, acks=True),
            "bob's app": App(url, bob.token, acks=False),
        }

    @classmethod
    @contextlib.asynccontextmanager
    async def on(cls, demo: Demo, pace: NoticePace) -> AsyncIterator["Proving"]:
        """With all people settled and all apps connected."""
        timeout = aiohttp.ClientTimeout(total=15)
        async with aiohttp.ClientSession(timeout=timeout) as session, contextlib.AsyncExitStack() as stack:
            run = f"p{secrets.token_hex(3)}"
            proving = await asyncio.to_thread(cls, demo, session, pace, run)
            for person in proving.people:
                await person.settle()
            for app in proving.apps.values():
                await stack.enter_async_context(app)
            yield proving

    async def endure(self, fault: NoticeFault) -> NoticeOutcome:
        """One episode."""
        users = [person.user for person in self.people]
        load = Load(self._session, self._stack, f"{self._run}-{secrets.token_hex(2)}", users, self._pace.rate)
        await self._follow(load)
        stopping = asyncio.Event()
        doing = [load.run(stopping), self._read(stopping)]
        if fault.quiet:
            _, bob, eve = self.people
            doing += [QuietHours(bob, again=2.0).run(stopping), QuietHours(eve, again=-5.0).run(stopping)]
        driving = [asyncio.create_task(each) for each in doing]
        try:
            await asyncio.sleep(self._pace.steady)
            await asyncio.to_thread(fault.happen, self._demo)
            await asyncio.sleep(self._pace.steady)
        except NotReachedError as error:
            return NoticeOutcome(fault.name, len(load.expected), 0.0, [str(error)])
        finally:
            stopping.set()
            await asyncio.gather(*driving)
        settled_after, faults = await self._settled(load)
        return NoticeOutcome(fault.name, len(load.expected), settled_after, faults)

    async def _settled(self, load: Load) -> tuple[float, list[str]]:
        """Seconds until all was right, and what is not. In the end everything is looked at once more, also what was
        found right before.
        """
        ended = time.monotonic()
        right: set[str] = set()
        while True:
            faults = await self._faults(load, right)
            after = time.monotonic() - ended
            if not faults:
                right.clear()
                faults = await self._faults(load, right)
            if not faults or after > self._pace.within:
                return after, faults
            await asyncio.sleep(AGAIN_AFTER)

    async def _follow(self, load: Load) -> None:
        for person in self.people:
            for order in Load.orders(load.name):
                await person.follow(f"order/{self._stack.fleet}/{order}")

    async def _read(self, stopping: asyncio.Event) -> None:
        """Ann acknowledges, and then reads, the newest of what she was shown."""
        ann, app = self.people[0], self.apps["ann's first app"]
        while not stopping.is_set():
            if app.shown:
                newest = {"ids": [app.shown[-1]]}
                await ann.ask("POST", "/v1/inbox/ack", newest)
                await ann.ask("POST", "/v1/inbox/read", newest)
            await asyncio.sleep(AGAIN_AFTER)

    async def _faults(self, load: Load, right: set[str]) -> list[str]:
        """What is not right (yet). Notifications in `right` are not looked up; those that are found so are added."""
        faults = [
            f"{name} was not shown {each}"
            for name, app in self.apps.items()
            for each in _missing(app, load)
            if not await self._replaced(each, app)
        ]
        faults += [f"{name}: {app.unrecovered} not recovered" for name, app in self.apps.items() if app.unrecovered]
        if faults:
            return faults[:MOST_TOLD]
        phones = await self._phones()
        for person in self.people:
            faults += await self._inbox_faults(person, load)
        for name in [each for each in load.expected if each not in right]:
            deliveries = await self._deliveries(name)
            wrong = [
                fault
                for person in self.people
                for fault in self._delivery_faults(name, person, deliveries.get(person.user), phones)
            ]
            if not wrong:
                right.add(name)
            faults += wrong
            if len(faults) > MOST_TOLD:
                return faults
        return faults

    async def _replaced(self, name: str, app: App) -> bool:
        """A later version was stored before it could be shown: by a batch that was done again. It is kept, and shown to
        nobody.
        """
        owner = next(person for person in self.people if app in self._apps_of(person))
        delivery = (await self._deliveries(name)).get(owner.user)
        return delivery is not None and delivery["replaced_by"] is not None

    async def _inbox_faults(self, person: Person, load: Load) -> list[str]:
        """The inbox has the notes, and of each order the last status, each once."""
        items = [item["id"] for item in await person.inbox()]
        last: dict[str, tuple[int, str]] = {}
        wanted = set()
        for name, match in load.expected.items():
            if match is None:
                wanted.add(name)
            else:
                order, version = match
                last[order] = max(last.get(order, (-1, "")), (version, name))
        wanted |= {name for _, name in last.values()}
        found = [item for item in items if item in load.expected]
        faults = [f"{person.user}'s inbox lacks {name}" for name in wanted - set(found)]
        faults += [f"{person.user}'s inbox still has {name}" for name in set(found) - wanted]
        if len(found) != len(set(found)):
            faults.append(f"{person.user}'s inbox has something twice")
        return faults

    def _delivery_faults(
        self, name: str, person: Person, delivery: dict[str, Any] | None, phones: dict[str, dict[str, Any]]
    ) -> list[str]:
        """One decision, and a timeline that tells all of it."""
        who = f"{person.user}: {name}"
        if delivery is None:
            return [f"{who} is not in the history"]
        steps = {(step["step"], step["outcome"]) for step in delivery["steps"]}
        kinds = {step for step, _ in steps}
        state = delivery["push_state"]
        faults = [f"{who}: no step {step}" for step in ("accepted", "classified", "stored") if step not in kinds]
        if state not in SETTLED:
            faults.append(f"{who}: the push is not decided, {state}")
        if state in SAID_AS and SAID_AS[state] not in kinds:
            faults.append(f"{who}: {state}, and the timeline does not say so")
        if state == "acked" and not kinds & {"acked", "read"}:
            faults.append(f"{who}: acked, and the timeline does not say so")
        arrived = phones.get(person.phone, {}).get("arrived", {}).get(name)
        if state == "sent" and (arrived is None or ("attempted", "accepted") not in steps):
            faults.append(f"{who}: sent, and the phone or the timeline does not have it: {sorted(steps, key=str)}")
        if arrived is not None and ("attempted", "accepted") not in steps:
            faults.append(f"{who}: on the phone, and the timeline does not say so")
        if any(app.shown.count(name) for app in self._apps_of(person)) and "sent" not in kinds:
            faults.append(f"{who}: on a socket, and the timeline does not say so")
        if not self._apps_of(person) and state in ("acked", "none"):
            faults.append(f"{who}: nobody could acknowledge, {state}")
        return faults

    def _apps_of(self, person: Person) -> list[App]:
        name = person.user.rpartition("-")[2]
        return [app for owner, app in self.apps.items() if owner.startswith(name)]

    async def _deliveries(self, name: str) -> dict[str, dict[str, Any]]:
        """What became of a notification, by user."""
        headers = {"Authorization": f"Bearer {self._stack.backend_credential}"}
        url = f"{self._stack.control_url}/v1/deliveries/{name}"
        while True:
            async with self._session.get(url, headers=headers) as answer:
                told = msgspec.json.decode(await answer.read())
            if answer.status not in BUSY:
                break
            await asyncio.sleep(AGAIN_AFTER)
        return {each["user"]: each for each in told.get("deliveries", [])}

    async def _phones(self) -> dict[str, dict[str, Any]]:
        async with self._session.get(f"{self._stack.phone_url}/arrivals") as answer:
            return {phone["token"]: phone for phone in msgspec.json.decode(await answer.read())}


def _missing(app: App, load: Load) -> list[str]:
    return [name for name in load.expected if not app.came[name]]
