"""What is in an inbox, page by page."""

from typing import Any

from access.viewer import Viewer
from control_api.inbox.cursor import Cursor
from control_api.inbox.items import item_json
from control_api.problems import BAD_PARAMETER
from control_api.route import Answered, Asked
from control_api.settings import ControlSettings
from runtime.http.problem import Problem
from storage.postgres.inbox import Inboxes


class InboxReading:
    """Lists and counts."""

    def __init__(self, inboxes: Inboxes, settings: ControlSettings) -> None:
        self._inboxes = inboxes
        self._settings = settings

    async def list(self, viewer: Viewer, asked: Asked) -> Answered:
        """The newest first; with `since`, what came after that, in order."""
        query = asked.query
        if "since" in query and ("cursor" in query or "unread" in query):
            raise Problem(BAD_PARAMETER, "since: goes with neither cursor nor unread")
        cursor: Cursor | None = query.get("cursor")
        if "since" in query:
            cursor = Cursor(rising=True, seq=query["since"])
        limit = query.get("limit", min(50, self._settings.page_items))
        # Before the items: what comes in between is then on the page and after `latest`, and never missed.
        latest = await self._inboxes.latest(viewer.tenant, viewer.user)
        if cursor is not None and cursor.rising:
            items = await self._inboxes.since(viewer.tenant, viewer.user, after=cursor.seq, limit=limit)
        else:
            before = None if cursor is None else cursor.seq
            items = await self._inboxes.newest(
                viewer.tenant, viewer.user, before=before, limit=limit, unread=query.get("unread", False)
            )
        rising = cursor is not None and cursor.rising
        following = str(Cursor(rising, items[-1].seq)) if len(items) == limit else None
        return Answered(
            200,
            {
                "items": [item_json(each) for each in items],
                "next": following,
                "latest": latest,
                **await self.count(viewer),
            },
        )

    async def unread(self, viewer: Viewer, _asked: Asked) -> Answered:
        """How many are unread."""
        return Answered(200, await self.count(viewer))

    async def count(self, viewer: Viewer) -> dict[str, Any]:
        """`{"unread": N, "more": whether there are more than that}`."""
        most = self._settings.unread_counted
        counted = await self._inboxes.unread(viewer.tenant, viewer.user, at_most=most + 1)
        return {"unread": min(counted, most), "more": counted > most}
