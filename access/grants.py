"""What the holder of a credential may do."""

from collections.abc import Sequence

from access.problems import BAD_FLEET, FLEET_NOT_ALLOWED, FLEET_REQUIRED, WRONG_CREDENTIAL_KIND
from domain.ids import ID_RULE, is_id, tenant_of
from runtime.http.problem import Problem
from storage.credentials import Credential, CredentialKind


def granted_fleet(credential: Credential, asked: Sequence[str]) -> str:
    """The fleet that a request is about; `asked` are the values of its `?fleet=`.

    A credential of one fleet need not name it. Raises Problem: 400 for a missing or bad fleet, 403 for another's.
    """
    if not asked:
        if credential.fleet is None:
            raise Problem(FLEET_REQUIRED, f"name a fleet of the tenant {credential.tenant}, as in ?fleet=...")
        return credential.fleet
    fleet = asked[0]
    if len(asked) > 1 or not is_id(fleet):
        raise Problem(BAD_FLEET, f"the query parameter fleet is given once and is {ID_RULE}")
    if not may_tell_fleet(credential, fleet):
        raise Problem(FLEET_NOT_ALLOWED, "the credential is not for this fleet")
    return fleet


def may_tell_fleet(credential: Credential, fleet: str) -> bool:
    """Whether the credential is for this fleet: its own, or any of its tenant."""
    return tenant_of(fleet) == credential.tenant if credential.fleet is None else fleet == credential.fleet


def require_backend(credential: Credential) -> None:
    """Raises Problem (403) for a device."""
    if credential.kind is not CredentialKind.BACKEND:
        raise Problem(WRONG_CREDENTIAL_KIND, "this takes the credential of a back end; a device may not do it")


def may_speak_for(credential: Credential, asset: str) -> bool:
    """A back end may speak for any asset of its fleets, a device only for those that it is bound to."""
    return credential.kind is CredentialKind.BACKEND or asset in credential.assets
