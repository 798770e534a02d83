"""The answers of who may not, each kind declared once; `docs/errors.md` is written from this table."""

from runtime.http.problem import ProblemType

CREDENTIAL_MISSING = ProblemType(
    "credential-missing", 401, "No credential", "The request has no `Authorization: Bearer fc_...` header."
)
CREDENTIAL_UNKNOWN = ProblemType(
    "credential-unknown", 401, "Unknown credential", "Nobody was given this credential, or it was copied incompletely."
)
CREDENTIAL_EXPIRED = ProblemType(
    "credential-expired", 401, "Credential expired", "The credential was valid until a time that has passed."
)
CREDENTIAL_REVOKED = ProblemType(
    "credential-revoked", 401, "Credential revoked", "The credential was withdrawn. It will never be valid again."
)
WRONG_CREDENTIAL_KIND = ProblemType(
    "wrong-credential-kind",
    403,
    "Wrong kind of credential",
    "A device posts pings and status changes of its own assets. Everything else takes a back end's credential.",
)
FLEET_NOT_ALLOWED = ProblemType(
    "fleet-not-allowed", 403, "Fleet not allowed", "The credential is not for the fleet that the request names."
)
ASSET_NOT_BOUND = ProblemType(
    "asset-not-bound", 403, "Asset not bound", "The device's credential is not bound to the asset that the item names."
)
FLEET_REQUIRED = ProblemType(
    "fleet-required",
    400,
    "Fleet required",
    "The credential is for all fleets of a tenant: name one, as in `?fleet=acme.eu`.",
)
BAD_FLEET = ProblemType("bad-fleet", 400, "Bad fleet", "`?fleet=` is given more than once, or is not an id.")
CREDENTIALS_UNAVAILABLE = ProblemType(
    "credentials-unavailable",
    503,
    "Credentials cannot be checked",
    "The credential is not known to this server, and its database is away. Send the same request again after "
    "`Retry-After` seconds.",
)
# Not of who may, but of both who take facts and who let people read: the lowest room that knows problems and ids.
BAD_ID = ProblemType("bad-id", 400, "Bad id", "An id is 1 to 128 of `A-Z a-z 0-9 . _ ~ -`.")

ACCESS_PROBLEMS = (
    CREDENTIAL_MISSING,
    CREDENTIAL_UNKNOWN,
    CREDENTIAL_EXPIRED,
    CREDENTIAL_REVOKED,
    WRONG_CREDENTIAL_KIND,
    FLEET_NOT_ALLOWED,
    ASSET_NOT_BOUND,
    FLEET_REQUIRED,
    BAD_FLEET,
    CREDENTIALS_UNAVAILABLE,
)
