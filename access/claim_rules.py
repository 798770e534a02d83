"""The rules that the claims of every token keep, whatever it is for: times, issuer, audience, tenant, id."""

from access.claims import MAX_ID_CHARACTERS, MAX_TIME, Seconds, TokenClaims, bad_claim
from access.settings import AccessSettings
from access.token_error import TokenError, TokenFault
from access.viewer import NEVER
from domain.ids import is_id
from domain.instants import SECOND, Micros


class ClaimRules:
    """What the settings ask of claims."""

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings

    def check(self, claims: TokenClaims, now: float) -> None:
        """Raises TokenError. `now` is in seconds since the epoch."""
        self._check_times(claims, now)
        if self._settings.jwt_issuer is not None and claims.iss != self._settings.jwt_issuer:
            raise TokenError(TokenFault.WRONG_ISSUER, "iss is not the issuer that is trusted here")
        self._check_audience(claims)
        if claims.sub and not is_id(claims.sub):
            raise bad_claim("sub is not the id of a user")
        if claims.jti is not None and not 1 <= len(claims.jti) <= MAX_ID_CHARACTERS:
            raise bad_claim(f"jti has 1 to {MAX_ID_CHARACTERS} characters")
        if claims.tenant is not None and (not is_id(claims.tenant) or "." in claims.tenant):
            raise bad_claim("tenant is not the id of a tenant")

    def ends_at(self, claims: TokenClaims) -> Micros:
        """When what the token opened is over: `expire_at`, else `exp`; NEVER if there is no end."""
        end = claims.exp if claims.expire_at is None else claims.expire_at
        return NEVER if not end else min(round(end * SECOND), NEVER)

    def _check_times(self, claims: TokenClaims, now: float) -> None:
        _check_time("exp", claims.exp)
        _check_time("expire_at", claims.expire_at)
        _check_time("iat", claims.iat)
        _check_time("nbf", claims.nbf)
        if claims.exp is None and self._settings.jwt_require_expiry:
            raise bad_claim("exp is missing")
        if claims.exp is not None and claims.exp <= now:
            raise TokenError(TokenFault.EXPIRED, "the token has expired")
        if claims.expire_at and claims.expire_at <= now:
            raise TokenError(TokenFault.EXPIRED, "what the token opened is over")
        latest = now + self._settings.jwt_leeway_seconds
        if claims.iat is not None and claims.iat > latest:
            raise TokenError(TokenFault.NOT_YET_VALID, "iat is in the future")
        if claims.nbf is not None and claims.nbf > latest:
            raise TokenError(TokenFault.NOT_YET_VALID, "nbf is in the future")

    def _check_audience(self, claims: TokenClaims) -> None:
        ours = self._settings.jwt_audience
        if ours is None and claims.aud is None:
            return
        named = [claims.aud] if isinstance(claims.aud, str) else claims.aud or []
        # RFC 7519 section 4.1.3: a token for others is refused, also by who has no name in it.
        if (ours is None and named) or (ours is not None and ours not in named):
            raise TokenError(TokenFault.WRONG_AUDIENCE, "aud does not name this service")


def _check_time(name: str, given: Seconds | None) -> None:
    if given is not None and not 0 <= given <= MAX_TIME:
        raise bad_claim(f"{name} is not a time in seconds")


def micros(seconds: Seconds | None) -> Micros | None:
    """A claim's time as an instant."""
    return None if seconds is None else round(seconds * SECOND)
