"""The routes of installations."""

from collections.abc import Callable

from access.viewer import Viewer
from control_api.installations.body import (
    REGISTERED_SCHEMA,
    InstallationBody,
    installation_json,
    registration,
)
from control_api.params import id_part
from control_api.problems import (
    BAD_PUSH_TOKEN,
    INSTALLATION_TAKEN,
    NO_SUCH_INSTALLATION,
    TOO_MANY_INSTALLATIONS,
)
from control_api.route import Answer, Answered, Asked, Door, Route
from control_api.settings import ControlSettings
from domain.instants import Micros
from runtime.http.problem import Problem
from storage.installations import InstallationTaken, TooManyInstallations
from storage.postgres.installations import Installations

_PATH = "/v1/installations/{id}"
_LIST_SCHEMA = {"type": "object", "properties": {"items": {"type": "array", "items": REGISTERED_SCHEMA}}}


class InstallationDesk:
    """What users do with their installations."""

    def __init__(self, installations: Installations, settings: ControlSettings, now: Callable[[], Micros]) -> None:
        self._installations = installations
        self._settings = settings
        self._now = now

    async def put(self, viewer: Viewer, asked: Asked) -> Answered:
        """Registers or refreshes."""
        wanted = registration(viewer, asked.path["id"], asked.body)
        most = self._settings.installations
        try:
            registered = await self._installations.register(wanted, limit=most, now=self._now())
        except TooManyInstallations:
            raise Problem(TOO_MANY_INSTALLATIONS, f"a user may have {most}") from None
        except InstallationTaken:
            raise Problem(INSTALLATION_TAKEN, "the id is another user's, with another push token") from None
        return Answered(201 if registered.created else 200, installation_json(registered.installation))

    async def get(self, viewer: Viewer, asked: Asked) -> Answered:
        """Shows one, a disabled one too."""
        found = await self._installations.find(viewer.tenant, viewer.user, asked.path["id"])
        if found is None:
            raise Problem(NO_SUCH_INSTALLATION, "you have no installation of this id")
        return Answered(200, installation_json(found))

    async def delete(self, viewer: Viewer, asked: Asked) -> Answered:
        """Removes one. Removing what is not there is no error: it is not there afterwards."""
        await self._installations.remove(viewer.tenant, viewer.user, asked.path["id"])
        return Answered(204)

    async def list(self, viewer: Viewer, _asked: Asked) -> Answered:
        """Shows those that can be pushed to."""
        found = await self._installations.of_user(viewer.tenant, viewer.user, self._settings.installations)
        return Answered(200, {"items": [installation_json(each) for each in found]})


def installation_routes(door: Door, desk: InstallationDesk, settings: ControlSettings) -> list[Route]:
    """All of them."""
    part = (id_part("id", "The app's own id of its installation, unique within the tenant: a UUID made once."),)
    shown = Answer(200, "The installation", REGISTERED_SCHEMA)
    return [
        Route(
            "GET",
            "/v1/installations",
            "listInstallations",
            "The user's installations that can be pushed to",
            desk.list,
            door,
            (Answer(200, "All of them", _LIST_SCHEMA),),
        ),
        Route(
            "PUT",
            _PATH,
            "register",
            "Register or refresh an installation",
            desk.put,
            door,
            (Answer(200, "Refreshed", REGISTERED_SCHEMA), Answer(201, "Registered", REGISTERED_SCHEMA)),
            doc="At every start of the app, and when the provider gives it another push token. A push token belongs to "
            "whoever registered it last. With the same push token an installation moves to another user of the device.",
            parts=part,
            body=InstallationBody(settings),
            problems=(BAD_PUSH_TOKEN, TOO_MANY_INSTALLATIONS, INSTALLATION_TAKEN),
        ),
        Route(
            "GET",
            _PATH,
            "getInstallation",
            "One installation, also when nothing is pushed to it any more",
            desk.get,
            door,
            (shown,),
            parts=part,
            problems=(NO_SUCH_INSTALLATION,),
        ),
        Route(
            "DELETE",
            _PATH,
            "removeInstallation",
            "Remove an installation",
            desk.delete,
            door,
            (Answer(204, "It is not there (any more)"),),
            doc="When the user logs out: nothing more is pushed there.",
            parts=part,
        ),
    ]
