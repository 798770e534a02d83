"""From an Authorization header to a credential that is valid now."""

from collections.abc import Callable

from access.credential_book import CredentialBook, CredentialsUnavailable
from access.credential_text import parse_credential, secret_matches
from access.problems import (
    CREDENTIAL_EXPIRED,
    CREDENTIAL_MISSING,
    CREDENTIAL_REVOKED,
    CREDENTIAL_UNKNOWN,
    CREDENTIALS_UNAVAILABLE,
)
from domain.instants import Micros, format_rfc3339
from runtime.http.problem import Problem, ProblemType
from storage.credentials import Credential

RETRY_SECONDS = 2
_CHALLENGE = 'Bearer realm="fleetcast"'


class Authenticator:
    """Checks the credentials of requests. `now` gives the wall clock's instant."""

    def __init__(self, book: CredentialBook, now: Callable[[], Micros]) -> None:
        self._book = book
        self._now = now

    async def authenticate(self, authorization: str | None) -> Credential:
        """The credential of an `Authorization: Bearer fc_...` header, if it is valid now.

        Raises Problem: 401 with the reason, or 503 when it cannot be checked. Only whoever has its
        secret is told that it is expired or revoked.
        """
        scheme, _, rest = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not rest.strip():
            raise Problem(
                CREDENTIAL_MISSING,
                "send `Authorization: Bearer` and a credential",
                headers={"WWW-Authenticate": _CHALLENGE},
            )
        text = parse_credential(rest.strip())
        if text is None:
            raise _refused(CREDENTIAL_UNKNOWN, "this is no credential: one is fc_, 16 characters, _, 32 characters")
        try:
            credential = await self._book.find(text.id)
        except CredentialsUnavailable as error:
            raise Problem(
                CREDENTIALS_UNAVAILABLE,
                "the credential cannot be checked now",
                headers={"Retry-After": str(RETRY_SECONDS)},
            ) from error
        if credential is None or not secret_matches(text.secret, credential.secret_hash):
            raise _refused(CREDENTIAL_UNKNOWN, "there is no such credential")
        if credential.revoked_at is not None:
            raise _refused(CREDENTIAL_REVOKED, f"it was revoked at {format_rfc3339(credential.revoked_at)}")
        if credential.expires_at is not None and credential.expires_at <= self._now():
            raise _refused(CREDENTIAL_EXPIRED, f"it expired at {format_rfc3339(credential.expires_at)}")
        return credential


def _refused(kind: ProblemType, detail: str) -> Problem:
    """RFC 6750 section 3: the challenge names the error."""
    challenge = f'{_CHALLENGE}, error="invalid_token", error_description="{kind.title}"'
    return Problem(kind, detail, headers={"WWW-Authenticate": challenge})
