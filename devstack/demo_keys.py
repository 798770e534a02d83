"""Keys to the demo fleet: made once, kept with the data that knows them, made again when that is gone."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from devstack.one_shot import output_of
from devstack.private_file import write_private
from devstack.product import Product
from devstack.site import Site
from devstack.stack_file import DeviceKey

FLEET = "demo"
DEVICE = "truck-7"
DEVICE_ASSETS = ("truck-7", "truck-8")
VIEWER = "demo-viewer"
VIEWER_FOR = "30d"
COMMAND_WITHIN = 60.0  # seconds


@dataclass(frozen=True)
class KeptCredential:
    """A credential's id, and the text to show when using it."""

    id: str
    text: str


class DemoKeys:
    """A device's and a back end's credential, and a viewer's token, made by the commands that operators use."""

    def __init__(self, product: Product, site: Site) -> None:
        self._product = product
        self._path = site.data / "demo-keys.json"
        self.device = DeviceKey(DEVICE, "")
        self.backend_credential = ""
        self.viewer_jwt = ""

    def make_credentials(self) -> None:
        """Raises: CommandError."""
        kept = self._kept()
        valid = self._valid_ids() if kept else set()
        if not kept or not {credential.id for credential in kept.values()} <= valid:
            assets = [word for asset in DEVICE_ASSETS for word in ("--asset", asset)]
            kept = {
                "device": self._create("device", "--device-id", DEVICE, *assets),
                "backend": self._create("backend"),
            }
            write_private(self._path, json.dumps({name: asdict(credential) for name, credential in kept.items()}))
        self.device = DeviceKey(DEVICE, kept["device"].text)
        self.backend_credential = kept["backend"].text

    def make_viewer_token(self) -> None:
        """Raises: CommandError."""
        answer = self._access("jwt", "--user", VIEWER, "--fleet", FLEET, "--for", VIEWER_FOR)
        self.viewer_jwt = answer["token"]

    def _kept(self) -> dict[str, KeptCredential]:
        """What an earlier start made."""
        if not self._path.exists():
            return {}
        return {name: KeptCredential(**kept) for name, kept in json.loads(self._path.read_text()).items()}

    def _valid_ids(self) -> set[str]:
        """Of the credentials that the database knows."""
        listed = self._access("credential", "list", "--fleet", FLEET)
        return {credential["id"] for credential in listed if credential["revoked_at"] is None}

    def _create(self, kind: str, *arguments: str) -> KeptCredential:
        name = f"local stack, {kind}"
        made = self._access("credential", "create", "--kind", kind, "--fleet", FLEET, "--name", name, *arguments)
        return KeptCredential(made["id"], made["credential"])

    def _access(self, *arguments: str) -> Any:
        """What a command of `python -m access` answers."""
        return json.loads(output_of(self._product.command("access", *arguments, "--json"), COMMAND_WITHIN))
