"""The routes of people."""

import uuid
from typing import Any

from access.viewer import Viewer
from control_api.params import ID_SCHEMA, id_part
from control_api.problems import NO_SUCH_PERSON, NOT_TOLD
from control_api.rates import Rate
from control_api.route import Answer, Answered, Asked, Door, Route, Schema
from control_api.user_news import UserNews
from domain.instants import format_rfc3339
from domain.interests import INTEREST_RULE, is_interest
from domain.notification_live import TYPING, typing_payload
from runtime.http.faults import fault
from runtime.http.json_problems import BAD_TEXT
from runtime.http.problem import Problem
from runtime.http.shape import Field, Shape
from runtime.http.value_checks import wrong_type
from storage.postgres.followers import Followers
from storage.presence import PresenceStore
from storage.redis.keys import connections

_NOBODY = ""
_PERSON: Schema = {
    "type": "object",
    "description": "Whether somebody is there.",
    "properties": {
        "user": ID_SCHEMA,
        "online": {"type": "boolean", "description": "The user has an open connection."},
        "last_seen": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the user's last connection was closed; null: not within 30 days, or it is open.",
        },
    },
}


def _about(value: Any) -> str:
    if type(value) is not str:
        raise wrong_type("a string", value)
    if not is_interest(value):
        raise fault(BAD_TEXT, f"an interest is {INTEREST_RULE}")
    return value


TYPING_BODY = Shape(
    "Typing",
    "That the user is writing.",
    Field("about", _about, {"type": "string", "maxLength": 250}, "What the talk is about, such as order/acme/A-1001."),
)


class PeopleDesk:
    """Two people see each other who follow a common interest, and everybody sees himself.

    Whoever may not be seen is answered like whoever is not there: nobody learns which users there are.
    """

    def __init__(self, followers: Followers, presence: PresenceStore, news: UserNews, typing: Rate) -> None:
        self._followers = followers
        self._presence = presence
        self._news = news
        self._typing = typing

    async def get(self, viewer: Viewer, asked: Asked) -> Answered:
        """Whether somebody is there."""
        user = asked.path["user"]
        await self._check_seen(viewer, user)
        place = connections(viewer.tenant, user)
        online = bool((await self._presence.count(place, but=_NOBODY)).clients)
        seen = None if online else await self._presence.last_seen(place)
        last_seen = None if seen is None else format_rfc3339(seen * 1_000)
        return Answered(200, {"user": user, "online": online, "last_seen": last_seen})

    async def typing(self, viewer: Viewer, asked: Asked) -> Answered:
        """Shows the other that the user is writing. It is not kept: who is not there is not told later."""
        self._typing.spend(f"{viewer.tenant}/{viewer.user}")
        user = asked.path["user"]
        await self._check_seen(viewer, user)
        payload = typing_payload(viewer.user, about=asked.body.get("about"), at=self._news.now())
        entity = f"user/{viewer.user}"
        await self._news.tell(
            [
                self._news.live(
                    viewer.tenant, user, update_id=str(uuid.uuid4()), kind=TYPING, entity=entity, payload=payload
                )
            ]
        )
        return Answered(204)

    async def _check_seen(self, viewer: Viewer, user: str) -> None:
        if user == viewer.user or await self._followers.share_one(viewer.tenant, viewer.user, user):
            return
        raise Problem(NO_SUCH_PERSON, "there is nobody of this id whom you may see")


def people_routes(door: Door, desk: PeopleDesk) -> list[Route]:
    """All of them."""
    part = (id_part("user", "The user."),)
    return [
        Route(
            "GET",
            "/v1/people/{user}",
            "getPerson",
            "Whether somebody is there",
            desk.get,
            door,
            (Answer(200, "The person", _PERSON),),
            doc="People see each other who follow a common interest.",
            parts=part,
            problems=(NO_SUCH_PERSON,),
        ),
        Route(
            "POST",
            "/v1/people/{user}/typing",
            "tellTyping",
            "Show somebody that the user is writing",
            desk.typing,
            door,
            (Answer(204, "Told to the open connections of the other"),),
            doc="Send it again every few seconds while the user writes; it counts for six. It is kept nowhere.",
            parts=part,
            body=TYPING_BODY,
            problems=(NO_SUCH_PERSON, NOT_TOLD),
        ),
    ]
