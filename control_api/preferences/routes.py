"""The routes of preferences."""

from collections.abc import Callable

from access.viewer import Viewer
from control_api.preferences.body import PreferencesBody
from control_api.problems import BAD_PREFERENCES
from control_api.route import Answer, Answered, Asked, Door, Route
from domain.instants import Micros
from domain.preferences import read_preferences, write_preferences
from storage.notices import PreferencesCache
from storage.postgres.preferences import Preferences

_PATH = "/v1/preferences"


class PreferencesDesk:
    """Reads and sets them."""

    def __init__(self, preferences: Preferences, cache: PreferencesCache, now: Callable[[], Micros]) -> None:
        self._preferences = preferences
        self._cache = cache
        self._now = now

    async def get(self, viewer: Viewer, _asked: Asked) -> Answered:
        """The user's own; what was never set has its default."""
        return Answered(200, read_preferences(await self._preferences.read(viewer.tenant, viewer.user)))

    async def put(self, viewer: Viewer, asked: Asked) -> Answered:
        """Sets all of them. They count for whatever is classified after the answer."""
        document = write_preferences(asked.body)
        await self._preferences.set(viewer.tenant, viewer.user, document)
        await self._cache.set(viewer.tenant, viewer.user, document, self._now())
        return Answered(200, asked.body)


def preference_routes(door: Door, desk: PreferencesDesk, body: PreferencesBody) -> list[Route]:
    """All of them."""
    schema = body.schema()
    return [
        Route(
            "GET",
            _PATH,
            "getPreferences",
            "How the user wants to be told",
            desk.get,
            door,
            (Answer(200, "All preferences, defaults too", schema),),
        ),
        Route(
            "PUT",
            _PATH,
            "putPreferences",
            "Say how the user wants to be told",
            desk.put,
            door,
            (Answer(200, "They count from now on", schema),),
            doc="All at once: what is left out has its default.",
            body=body,
            problems=(BAD_PREFERENCES,),
        ),
    ]
