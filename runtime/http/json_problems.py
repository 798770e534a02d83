"""What can be wrong with a JSON body, whatever it is about; `docs/errors.md` is written from this table."""

from runtime.http.problem import ProblemType

UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type", 415, "Not JSON", "`Content-Type` must be `application/json`, in UTF-8."
)
INVALID_UTF8 = ProblemType("invalid-utf8", 400, "Not UTF-8", "The body is not UTF-8; `detail` says at which byte.")
INVALID_JSON = ProblemType(
    "invalid-json", 400, "Not JSON", "The body is not JSON (RFC 8259); `detail` says at which line and column."
)
NON_FINITE_NUMBER = ProblemType(
    "non-finite-number", 400, "Not a JSON number", "NaN, Infinity and -Infinity are not JSON. Leave the field out."
)
DUPLICATE_NAMES = ProblemType(
    "duplicate-names",
    400,
    "Duplicate names",
    "An object has the same name twice. Which one counts would be chance, so none does.",
)
JSON_TOO_DEEP = ProblemType("json-too-deep", 400, "Nested too deeply", "Arrays and objects are nested too deeply.")
TOO_MANY_VALUES = ProblemType(
    "too-many-values", 413, "Too many values", "The document has more values than the limit in `detail`."
)
OVERLOADED = ProblemType(
    "overloaded",
    503,
    "Too many bodies",
    "The server holds all the bodies that it takes at a time. Send the same request again after `Retry-After` seconds.",
)
INVALID_ITEM = ProblemType(
    "invalid-item", 400, "Several things are wrong", "`errors` names each of them, with a type of its own."
)
WRONG_TYPE = ProblemType("wrong-type", 400, "Wrong type", "The value is of another JSON type than the field.")
MISSING_FIELD = ProblemType("missing-field", 400, "Missing field", "A field that is required is not there.")
UNKNOWN_FIELD = ProblemType(
    "unknown-field",
    400,
    "Unknown field",
    "There is no field of this name; perhaps it is misspelt. Facts of your own go into `attributes`.",
)
OUT_OF_RANGE = ProblemType("out-of-range", 400, "Out of range", "The number is outside of the range in `detail`.")
BAD_TEXT = ProblemType(
    "bad-text", 400, "Bad text", "The text is too long, or has a NUL character, or half of a surrogate pair."
)
BAD_SHAPE = ProblemType("bad-shape", 400, "Fields do not fit", "The fields are right by themselves, but not together.")

JSON_PROBLEMS = (
    UNSUPPORTED_MEDIA_TYPE,
    INVALID_UTF8,
    INVALID_JSON,
    NON_FINITE_NUMBER,
    DUPLICATE_NAMES,
    JSON_TOO_DEEP,
    TOO_MANY_VALUES,
    OVERLOADED,
    INVALID_ITEM,
    WRONG_TYPE,
    MISSING_FIELD,
    UNKNOWN_FIELD,
    OUT_OF_RANGE,
    BAD_TEXT,
    BAD_SHAPE,
)
