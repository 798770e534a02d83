"""`docs/errors.md`: where the `type` of each problem document points."""

from control_api.problems import ALL_PROBLEMS as CONTROL_PROBLEMS
from devstack.reference.markdown import page
from ingest.grpc_api.problems import GRPC_PROBLEMS
from ingest.problems import ALL_PROBLEMS
from push_service.gateway.server_api.endpoint import API_PROBLEMS
from runtime.http.problem import ProblemType

_INTRO = """\
Errors of the HTTP APIs are problem documents (RFC 9457, `application/problem+json`):

```json
{
  "type": "/problems/out-of-range",
  "title": "Out of range",
  "status": 400,
  "detail": "expected a number from -90 to 90",
  "errors": [{"pointer": "/lat", "detail": "expected a number from -90 to 90", "type": "/problems/out-of-range"}]
}
```

`type` never changes once published: decide by it, and show `title` and `detail` to people. `errors`, where present,
names each fault by an RFC 6901 JSON pointer into the body that was sent. In an answer to a batch that was good in
part, each refused item carries such a document as its `problem`."""


def errors_page() -> str:
    """The page's text."""
    problems = dict.fromkeys((*ALL_PROBLEMS, *GRPC_PROBLEMS, *API_PROBLEMS, *CONTROL_PROBLEMS))
    return page("Errors", _INTRO, *(_problem(problem) for problem in problems))


def _problem(problem: ProblemType) -> str:
    return f"## {problem.slug}\n\n`{problem.uri}`, status {problem.status}. **{problem.title}.** {problem.description}"
