"""The routes of deliveries."""

from collections.abc import Callable

from control_api.deliveries.documents import COUNT_SCHEMA, TIMELINE_SCHEMA, count_json, timeline_json
from control_api.params import ID_SCHEMA, id_part, instant
from control_api.problems import BAD_PARAMETER, NO_SUCH_NOTIFICATION
from control_api.route import Answer, Answered, Asked, Door, Param, Route, Schema
from domain.ids import check_id
from domain.instants import DAY, MINUTE, Micros, format_rfc3339
from runtime.http.problem import Problem
from storage.credentials import Credential
from storage.postgres.timeline import Timelines
from storage.postgres.told_users import LATELY, ToldUsers
from storage.timeline import MAX_RANGE

MAX_TIMELINES = 20
"""Of one answer about a notification that went to many users."""
_TIME: Schema = {"type": "string", "format": "date-time"}
_FOUND: Schema = {
    "type": "object",
    "properties": {
        "deliveries": {"type": "array", "items": TIMELINE_SCHEMA, "description": "One for each user."},
        "more": {"type": "boolean", "description": "It went to more users: name one."},
    },
}
_STATISTICS: Schema = {
    "type": "object",
    "properties": {
        "from": _TIME,
        "to": _TIME,
        "counts": {"type": "array", "items": COUNT_SCHEMA, "description": "The most frequent first."},
    },
}


class DeliveryDesk:
    """Looks up, within the credential's tenant alone."""

    def __init__(self, timelines: Timelines, told: ToldUsers, now: Callable[[], Micros]) -> None:
        self._timelines = timelines
        self._told = told
        self._now = now

    async def get(self, credential: Credential, asked: Asked) -> Answered:
        """The timelines of one notification."""
        tenant, notification = credential.tenant, asked.path["notification"]
        if "user" in asked.query:
            users = [asked.query["user"]]
        else:
            users = list(await self._told.of(tenant, notification, MAX_TIMELINES + 1))
        found = [await self._timelines.read(tenant, user, notification) for user in users[:MAX_TIMELINES]]
        deliveries = [timeline_json(each) for each in found if each is not None]
        if not deliveries:
            raise Problem(NO_SUCH_NOTIFICATION, "there is no such notification, or nothing is known of it yet")
        return Answered(200, {"deliveries": deliveries, "more": len(users) > MAX_TIMELINES})

    async def statistics(self, credential: Credential, asked: Asked) -> Answered:
        """How pushes went, by kind of device."""
        until = asked.query.get("to", self._now())
        since = asked.query.get("from", until - DAY)
        if not 0 < until - since <= MAX_RANGE:
            raise Problem(BAD_PARAMETER, f"from: is before to, by at most {MAX_RANGE // DAY} days")
        counts = await self._timelines.statistics(credential.tenant, since, until)
        return Answered(
            200,
            {
                "from": format_rfc3339(since),
                "to": format_rfc3339(until),
                "counts": [count_json(each) for each in counts],
            },
        )


def delivery_routes(door: Door, desk: DeliveryDesk) -> list[Route]:
    """All of them; the statistics first, for their path is also one of a notification."""
    return [
        Route(
            "GET",
            "/v1/deliveries/statistics",
            "getStatistics",
            "How deliveries to installations went, by platform and model",
            desk.statistics,
            door,
            (Answer(200, "Counts", _STATISTICS),),
            doc="Of the last day, unless told otherwise.",
            query=(
                Param("from", instant, _TIME, "From this instant."),
                Param("to", instant, _TIME, "Until before this instant."),
            ),
        ),
        Route(
            "GET",
            "/v1/deliveries/{notification}",
            "getDelivery",
            "What became of a notification, step by step",
            desk.get,
            door,
            (Answer(200, "Its timelines", _FOUND),),
            doc=f"Without a user: of up to {MAX_TIMELINES} of those whom it went to, as far as a step of it is known "
            f"or it was stored in the last {LATELY // MINUTE} minutes.",
            parts=(id_part("notification", "The notification's id."),),
            query=(Param("user", check_id, ID_SCHEMA, "The user whom it was for."),),
            problems=(NO_SUCH_NOTIFICATION,),
        ),
    ]
