"""Lets in back ends and operators, by the credential that they show ingest too."""

from aiohttp import web

from access.authenticator import Authenticator
from access.grants import require_backend
from access.problems import (
    CREDENTIAL_EXPIRED,
    CREDENTIAL_MISSING,
    CREDENTIAL_REVOKED,
    CREDENTIAL_UNKNOWN,
    CREDENTIALS_UNAVAILABLE,
    FLEET_NOT_ALLOWED,
    WRONG_CREDENTIAL_KIND,
)
from control_api.rates import Rate
from runtime.http.problem import Problem
from storage.credentials import Credential


class BackendDoor:
    """A Door. Whom it lets in may see all of its tenant: a credential for one part of its fleets does not."""

    scheme = "credential"
    problems = (
        CREDENTIAL_MISSING,
        CREDENTIAL_UNKNOWN,
        CREDENTIAL_EXPIRED,
        CREDENTIAL_REVOKED,
        WRONG_CREDENTIAL_KIND,
        FLEET_NOT_ALLOWED,
        CREDENTIALS_UNAVAILABLE,
    )

    def __init__(self, authenticator: Authenticator, rate: Rate) -> None:
        self._authenticator = authenticator
        self._rate = rate

    async def admit(self, request: web.Request) -> Credential:
        """See Door."""
        credential = await self._authenticator.authenticate(request.headers.get("Authorization"))
        require_backend(credential)
        if credential.fleet not in (None, credential.tenant):
            raise Problem(FLEET_NOT_ALLOWED, "the credential is for one part of the tenant's fleets")
        self._rate.spend(credential.id)
        return credential
