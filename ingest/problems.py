"""The answers of ingest to what it does not take, each kind declared once; `docs/errors.md` is written from this table.

Those of an item stand in the item's result when others of its batch were taken.
"""

from access.problems import ACCESS_PROBLEMS, ASSET_NOT_BOUND, BAD_ID
from runtime.http.json_problems import (
    BAD_SHAPE,
    BAD_TEXT,
    DUPLICATE_NAMES,
    INVALID_ITEM,
    INVALID_JSON,
    INVALID_UTF8,
    JSON_TOO_DEEP,
    MISSING_FIELD,
    NON_FINITE_NUMBER,
    OUT_OF_RANGE,
    OVERLOADED,
    TOO_MANY_VALUES,
    UNKNOWN_FIELD,
    UNSUPPORTED_MEDIA_TYPE,
    WRONG_TYPE,
)
from runtime.http.problem import HTTP_PROBLEMS, ProblemType

# Of a request as a whole.
EMPTY_BATCH = ProblemType("empty-batch", 400, "Empty batch", "The list has no items.")
BATCH_TOO_LONG = ProblemType(
    "batch-too-long", 413, "Batch too long", "The list has more items than the limit in `detail`. Send several lists."
)
RATE_LIMITED = ProblemType(
    "rate-limited",
    429,
    "Too many items",
    "The credential's rate limit is used up. None of the request's items was taken; send all of them again after "
    "`Retry-After` seconds.",
)
UNAVAILABLE = ProblemType(
    "unavailable",
    503,
    "Not stored",
    "Kafka did not confirm every item in time. Send the same request again after `Retry-After` seconds, with the same "
    "ids: what was stored already is recognised. Items without an id get the same one again by themselves, but for "
    "notifications without `id` and `time`.",
)
UNKNOWN_KIND = ProblemType(
    "unknown-kind",
    404,
    "Unknown kind",
    "Reference data has the kinds assets, orders, assignments, watchers and geofences.",
)

# Of one item, or of one of its fields.
BAD_ATTRIBUTES = ProblemType(
    "bad-attributes", 400, "Bad attributes", "Attributes are up to 64 names of 1 to 64 characters, not nested."
)
BAD_TIME = ProblemType("bad-time", 400, "Bad time", "A time is RFC 3339, such as `2026-01-26T15:57:02Z`, and exists.")
TIME_WITHOUT_ZONE = ProblemType(
    "time-without-zone",
    400,
    "Time without zone",
    "The time has no zone: end it with `Z` or an offset such as `+01:00`.",
)
TIME_IN_FUTURE = ProblemType(
    "time-in-future", 400, "Time in the future", "The time is further ahead of the server's clock than is tolerated."
)
TIME_TOO_OLD = ProblemType("time-too-old", 400, "Time too old", "The time is longer ago than what is taken.")
UNKNOWN_TYPE = ProblemType(
    "unknown-type", 400, "Unknown type", "The deployment has no such notification type; `detail` names those it has."
)
TOO_MANY_USERS = ProblemType(
    "too-many-users",
    400,
    "Too many users",
    "A notification names more users than the limit in `detail`. Send several, or have people follow an interest.",
)
EMPTY_LIST = ProblemType("empty-list", 400, "Empty list", "The list has no items.")
BAD_INTEREST = ProblemType(
    "bad-interest", 400, "Bad interest", "The name of an interest is 1 to 250 of `A-Z a-z 0-9 . _ ~ / -`."
)
BAD_PRIORITY = ProblemType("bad-priority", 400, "Bad priority", "The priority is `high` or `normal`.")
BAD_DATA = ProblemType("bad-data", 400, "Bad data", "`data` is over the limit in `detail`, or nested too deeply.")
NOT_STORABLE = ProblemType(
    "not-storable", 422, "Not storable", "Kafka will not take the item, however often it is sent, for its size."
)

REQUEST_PROBLEMS = (
    UNSUPPORTED_MEDIA_TYPE,
    INVALID_UTF8,
    INVALID_JSON,
    NON_FINITE_NUMBER,
    DUPLICATE_NAMES,
    JSON_TOO_DEEP,
    TOO_MANY_VALUES,
    EMPTY_BATCH,
    BATCH_TOO_LONG,
    RATE_LIMITED,
    UNAVAILABLE,
    OVERLOADED,
    UNKNOWN_KIND,
)
ITEM_PROBLEMS = (
    INVALID_ITEM,
    WRONG_TYPE,
    MISSING_FIELD,
    UNKNOWN_FIELD,
    OUT_OF_RANGE,
    BAD_ID,
    BAD_TEXT,
    BAD_ATTRIBUTES,
    BAD_TIME,
    TIME_WITHOUT_ZONE,
    TIME_IN_FUTURE,
    TIME_TOO_OLD,
    BAD_SHAPE,
    NOT_STORABLE,
    ASSET_NOT_BOUND,
)
NOTIFICATION_PROBLEMS = (UNKNOWN_TYPE, TOO_MANY_USERS, EMPTY_LIST, BAD_INTEREST, BAD_PRIORITY, BAD_DATA)
"""Of one notification, besides those of any item."""
ALL_PROBLEMS = tuple(
    dict.fromkeys((*HTTP_PROBLEMS, *ACCESS_PROBLEMS, *REQUEST_PROBLEMS, *ITEM_PROBLEMS, *NOTIFICATION_PROBLEMS))
)
