"""Why a token is refused."""

import enum


class TokenFault(enum.StrEnum):
    """The kinds of refusal."""

    MALFORMED = "malformed"
    """It is not a JWT, too long, or signed in a way that is never taken."""
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    """No key that is known can have signed it. `TokenVerifier.learn` may find one that was published since."""
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    """`iat` or `nbf` is in the future."""
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"
    BAD_CLAIMS = "bad_claims"
    """A claim is missing, is not what it should be, or is about another channel, user or tenant."""


class TokenError(Exception):
    """The token is refused. The message never repeats the token, nor what it claims."""

    def __init__(self, reason: TokenFault, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
