"""The answers of control_api to what it does not do, each kind declared once; `docs/errors.md` is written from this."""

from access.problems import ACCESS_PROBLEMS, BAD_ID
from runtime.http.json_problems import JSON_PROBLEMS
from runtime.http.problem import BAD_CONTENT_ENCODING, HTTP_PROBLEMS, ProblemType

TOKEN_MISSING = ProblemType(
    "token-missing", 401, "No token", "The request has no `Authorization: Bearer` header with a user's token."
)
TOKEN_BAD = ProblemType(
    "token-bad", 401, "Bad token", "The token is not a JWT that is trusted here, or says something that it must not."
)
TOKEN_EXPIRED = ProblemType("token-expired", 401, "Token expired", "The token has expired: fetch a new one.")
TOKEN_REVOKED = ProblemType("token-revoked", 401, "Token revoked", "The token, or its user, was revoked.")
TOKEN_WITHOUT_USER = ProblemType(
    "token-without-user", 403, "Token without user", "The token names no user (`sub`), and this is about a user's own."
)
RATE_EXCEEDED = ProblemType(
    "rate-exceeded", 429, "Too many requests", "The caller's rate is used up. Try again after `Retry-After` seconds."
)
TRY_AGAIN = ProblemType(
    "try-again",
    503,
    "Not now",
    "What the request needs is away. Send the same request again after `Retry-After` seconds: what was done already is "
    "not done twice.",
)
NOT_TOLD = ProblemType(
    "not-told",
    503,
    "Done, but not told",
    "The change was made, but could not be told to the user's other devices. Send the same request again after "
    "`Retry-After` seconds.",
)
BUSY = ProblemType("busy", 503, "Too many requests at once", "Try again after `Retry-After` seconds.")
BAD_PARAMETER = ProblemType(
    "bad-parameter",
    400,
    "Bad parameter",
    "A part of the path, or a parameter of the query, is not what it must be; `detail` names it and its rule.",
)
NO_SUCH_INSTALLATION = ProblemType(
    "no-such-installation", 404, "No such installation", "The user has no installation of this id."
)
TOO_MANY_INSTALLATIONS = ProblemType(
    "too-many-installations", 409, "Too many installations", "The user has as many as one may have: remove one first."
)
INSTALLATION_TAKEN = ProblemType(
    "installation-taken",
    409,
    "Installation taken",
    "The id is an installation of another user, with another push token: register under an id of your own, or have the "
    "other user remove it.",
)
BAD_PUSH_TOKEN = ProblemType(
    "bad-push-token", 400, "Bad push token", "The push token does not look as those of the provider do."
)
BAD_INTEREST_NAME = ProblemType(
    "bad-interest-name",
    400,
    "Bad interest name",
    "An interest is 1 to 250 of `A-Z a-z 0-9 . _ ~ / -`; those of orders and assets are `order/FLEET/ID` and "
    "`asset/FLEET/ID`.",
)
INTEREST_NOT_ALLOWED = ProblemType(
    "interest-not-allowed", 403, "Interest not allowed", "The token does not let the user follow this interest."
)
NOT_FOLLOWED = ProblemType("not-followed", 404, "Not followed", "The user does not follow this interest.")
TOO_MANY_INTERESTS = ProblemType(
    "too-many-interests", 409, "Too many interests", "The user follows as many as one may: unfollow one first."
)
BAD_PREFERENCES = ProblemType(
    "bad-preferences", 400, "Bad preferences", "The preferences are not what they must be; `errors` says where."
)
NO_SUCH_PERSON = ProblemType(
    "no-such-person",
    404,
    "No such person",
    "There is nobody of this id whom the user may see: people see each other who follow a common interest.",
)
NO_SUCH_NOTIFICATION = ProblemType(
    "no-such-notification", 404, "No such notification", "The tenant has no notification of this id."
)

CONTROL_PROBLEMS = (
    TOKEN_MISSING,
    TOKEN_BAD,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    TOKEN_WITHOUT_USER,
    RATE_EXCEEDED,
    TRY_AGAIN,
    NOT_TOLD,
    BUSY,
    BAD_PARAMETER,
    BAD_ID,
    NO_SUCH_INSTALLATION,
    TOO_MANY_INSTALLATIONS,
    INSTALLATION_TAKEN,
    BAD_PUSH_TOKEN,
    BAD_INTEREST_NAME,
    INTEREST_NOT_ALLOWED,
    NOT_FOLLOWED,
    TOO_MANY_INTERESTS,
    BAD_PREFERENCES,
    NO_SUCH_PERSON,
    NO_SUCH_NOTIFICATION,
)
ALL_PROBLEMS = tuple(dict.fromkeys((*HTTP_PROBLEMS, *ACCESS_PROBLEMS, *JSON_PROBLEMS, *CONTROL_PROBLEMS)))
OF_BODIES = (
    *(each for each in HTTP_PROBLEMS if each is BAD_CONTENT_ENCODING or each.status in (408, 413, 415)),
    *JSON_PROBLEMS,
)
"""What every route may answer that takes a body."""
EVERYWHERE = (
    *(each for each in HTTP_PROBLEMS if each not in OF_BODIES and each.status not in (404, 405)),
    RATE_EXCEEDED,
    TRY_AGAIN,
    BUSY,
    BAD_PARAMETER,
)
"""What every route may answer."""
