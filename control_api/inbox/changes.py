"""What a user does with notifications: done in PostgreSQL, told to the other devices, written into the timeline."""

import uuid
from collections.abc import Sequence
from typing import Any

from access.viewer import Viewer
from backbone.record import OutRecord
from control_api.inbox.reading import InboxReading
from control_api.route import Answered, Asked
from control_api.settings import ControlSettings
from control_api.user_news import UserNews
from domain.delivery_step import PushReceipt, Step
from domain.ids import derived_id
from domain.instants import Micros
from domain.notification_live import INBOX, inbox_payload
from runtime.fail_points import Reached, never
from storage.inbox import Deed, Done, Scope
from storage.postgres.inbox import Inboxes
from storage.postgres.push_decisions import AsyncPushDecisions

_PIECE = 1_000
_STEPS = {Deed.READ: Step.READ, Deed.ARCHIVE: Step.ARCHIVED}
_PREVENTED = "push-prevented"
"""Outcome of a step that ended a push which was still open."""


class InboxChanges:
    """Each is answered when PostgreSQL and Kafka have it. Asked again, it tells the same again."""

    def __init__(
        self,
        inboxes: Inboxes,
        decisions: AsyncPushDecisions,
        reading: InboxReading,
        news: UserNews,
        settings: ControlSettings,
        reached: Reached = never,
    ) -> None:
        self._inboxes = inboxes
        self._decisions = decisions
        self._reading = reading
        self._news = news
        self._settings = settings
        self._reached = reached

    async def read(self, viewer: Viewer, asked: Asked) -> Answered:
        """Marks as read."""
        return await self._change(viewer, Deed.READ, asked.body)

    async def archive(self, viewer: Viewer, asked: Asked) -> Answered:
        """Puts away."""
        return await self._change(viewer, Deed.ARCHIVE, asked.body)

    async def ack(self, viewer: Viewer, asked: Asked) -> Answered:
        """Notes that they reached the app, and ends what is still open of their pushes."""
        ids = list(dict.fromkeys(asked.body["ids"]))
        acked = await self._decisions.ack(viewer.tenant, viewer.user, ids)
        self._reached("control.acked")
        found = {each.id: each in acked.prevented for each in (*acked.prevented, *acked.others)}
        installation, at = asked.body.get("installation"), self._news.now()
        await self._news.tell(
            self._receipt(viewer, name, Step.ACKED, at, prevented=found[name], installation=installation)
            for name in ids
            if name in found
        )
        return Answered(200, {"acked": [name for name in ids if name in found]})

    async def _change(self, viewer: Viewer, deed: Deed, body: dict[str, Any]) -> Answered:
        if "ids" in body:
            scope = Scope(tuple(dict.fromkeys(body["ids"])), 0)
        elif "up_to" in body:
            scope = Scope(None, body["up_to"])
        else:
            scope = Scope(None, await self._inboxes.latest(viewer.tenant, viewer.user))
        changed, left = 0, False
        if scope.ids is None:
            changed, reached, left = await self._up_to(viewer, deed, scope)
            told: tuple[list[str], int | None] = ([], reached)
        else:
            done = await self._inboxes.change(viewer.tenant, viewer.user, deed, scope, limit=len(scope.ids))
            self._reached("control.changed")
            await self._news.tell(self._receipts(viewer, deed, done))
            changed, told = sum(each.changed for each in done), (list(scope.ids), None)
        self._reached("control.steps-told")
        count = await self._reading.count(viewer)
        await self._news.tell([self._live(viewer, deed, *told, count["unread"])])
        self._reached("control.told")
        return Answered(200, {"changed": changed, "left": left, **count})

    async def _up_to(self, viewer: Viewer, deed: Deed, scope: Scope) -> tuple[int, int, bool]:
        """In pieces, from the oldest: how many were changed, up to where, and whether some are left."""
        changed = 0
        while changed < self._settings.changed_at_once:
            done = await self._inboxes.change(viewer.tenant, viewer.user, deed, scope, limit=_PIECE)
            self._reached("control.changed")
            await self._news.tell(self._receipts(viewer, deed, done))
            changed += len(done)
            if len(done) < _PIECE:
                return changed, scope.up_to, False
        return changed, done[-1].seq, True

    def _receipts(self, viewer: Viewer, deed: Deed, done: Sequence[Done]) -> list[OutRecord]:
        return [self._receipt(viewer, each.id, _STEPS[deed], each.at, prevented=each.prevented) for each in done]

    def _receipt(
        self,
        viewer: Viewer,
        notification: str,
        step: Step,
        at: Micros,
        *,
        prevented: bool,
        installation: str | None = None,
    ) -> OutRecord:
        facts = f"{viewer.tenant}/{viewer.user}/{notification}/{installation or ''}"
        return self._news.receipt(
            PushReceipt(
                id=derived_id(facts, f"receipt.{step}"),
                notification=notification,
                tenant=viewer.tenant,
                user=viewer.user,
                step=step,
                at=at,
                outcome=_PREVENTED if prevented else None,
                installation=installation,
            )
        )

    def _live(self, viewer: Viewer, deed: Deed, ids: list[str], up_to: int | None, unread: int) -> OutRecord:
        payload = inbox_payload(deed, ids=ids, up_to=up_to, unread=unread, at=self._news.now())
        return self._news.live(
            viewer.tenant, viewer.user, update_id=str(uuid.uuid4()), kind=INBOX, entity=INBOX, payload=payload
        )
