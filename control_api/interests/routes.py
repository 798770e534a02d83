"""The routes of interests."""

from access.viewer import Viewer
from control_api.interests.rule import is_well_named, may_follow
from control_api.params import limit_param
from control_api.problems import BAD_INTEREST_NAME, INTEREST_NOT_ALLOWED, NOT_FOLLOWED, TOO_MANY_INTERESTS
from control_api.route import Answer, Answered, Asked, Door, Param, Route, Schema
from control_api.settings import ControlSettings
from domain.instants import format_rfc3339
from domain.interests import INTEREST_RULE, is_interest
from runtime.http.problem import Problem
from storage.followers import Followed, TooManyInterests
from storage.postgres.followers import Followers

_PATH = "/v1/interests/{interest:.+}"
_NAME: Schema = {"type": "string", "pattern": "^[A-Za-z0-9._~/-]{1,250}$"}
_FOLLOWED: Schema = {
    "type": "object",
    "description": "That the user follows an interest.",
    "properties": {"interest": _NAME, "since": {"type": "string", "format": "date-time"}},
}
_PAGE: Schema = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": _FOLLOWED},
        "next": {"type": ["string", "null"], "description": "`after` of the next page; null: this is the last."},
    },
}


class InterestDesk:
    """What users do with what they follow."""

    def __init__(self, followers: Followers, settings: ControlSettings) -> None:
        self._followers = followers
        self._settings = settings

    async def follow(self, viewer: Viewer, asked: Asked) -> Answered:
        """From now on."""
        interest = asked.path["interest"]
        if not is_well_named(interest):
            raise Problem(BAD_INTEREST_NAME, "this is neither order/FLEET/ID nor asset/FLEET/ID")
        if not may_follow(viewer, interest):
            raise Problem(INTEREST_NOT_ALLOWED, "the token does not let you follow this")
        most = self._settings.interests
        try:
            followed, new = await self._followers.follow(viewer.tenant, interest, viewer.user, limit=most)
        except TooManyInterests:
            raise Problem(TOO_MANY_INTERESTS, f"a user may follow {most}") from None
        return Answered(201 if new else 200, _json(followed))

    async def unfollow(self, viewer: Viewer, asked: Asked) -> Answered:
        """From now on. What is not followed is not followed afterwards."""
        await self._followers.unfollow(viewer.tenant, asked.path["interest"], viewer.user)
        return Answered(204)

    async def get(self, viewer: Viewer, asked: Asked) -> Answered:
        """Whether the user follows it."""
        followed = await self._followers.find(viewer.tenant, asked.path["interest"], viewer.user)
        if followed is None:
            raise Problem(NOT_FOLLOWED, "you do not follow this")
        return Answered(200, _json(followed))

    async def list(self, viewer: Viewer, asked: Asked) -> Answered:
        """What the user follows, by name."""
        limit = asked.query.get("limit", min(50, self._settings.page_items))
        after = asked.query.get("after", "")
        found = await self._followers.of_user(viewer.tenant, viewer.user, after=after, limit=limit)
        following = found[-1].interest if len(found) == limit else None
        return Answered(200, {"items": [_json(each) for each in found], "next": following})


def interest_routes(door: Door, desk: InterestDesk, settings: ControlSettings) -> list[Route]:
    """All of them."""
    part = (Param("interest", _interest, _NAME, f"The interest: {INTEREST_RULE}; such as order/acme/A-1001."),)
    return [
        Route(
            "GET",
            "/v1/interests",
            "listInterests",
            "What the user follows",
            desk.list,
            door,
            (Answer(200, "A page", _PAGE),),
            query=(limit_param(settings.page_items), Param("after", _interest, _NAME, "`next` of the page before.")),
        ),
        Route(
            "PUT",
            _PATH,
            "follow",
            "Follow an interest",
            desk.follow,
            door,
            (Answer(200, "Followed before", _FOLLOWED), Answer(201, "Followed from now on", _FOLLOWED)),
            doc="An order or asset may be followed by whoever may subscribe to its channel; any other interest, whose "
            "name is the tenant's own, by everybody of the tenant.",
            parts=part,
            problems=(BAD_INTEREST_NAME, INTEREST_NOT_ALLOWED, TOO_MANY_INTERESTS),
        ),
        Route(
            "GET",
            _PATH,
            "getInterest",
            "Whether the user follows an interest",
            desk.get,
            door,
            (Answer(200, "Followed", _FOLLOWED),),
            parts=part,
            problems=(NOT_FOLLOWED,),
        ),
        Route(
            "DELETE",
            _PATH,
            "unfollow",
            "Unfollow an interest",
            desk.unfollow,
            door,
            (Answer(204, "Not followed (any more)"),),
            parts=part,
        ),
    ]


def _interest(text: str) -> str:
    if not is_interest(text):
        raise ValueError(f"an interest is {INTEREST_RULE}")
    return text


def _json(followed: Followed) -> dict[str, str]:
    return {"interest": followed.interest, "since": format_rfc3339(followed.since)}
