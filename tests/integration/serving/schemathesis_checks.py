"""What every answer of a service must keep to, beside its OpenAPI description; loaded by Schemathesis."""

import re
import uuid
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|/(tmp|work|usr|opt|srv|root|home|var)/|psycopg|\bselect\b.+\bfrom\b", re.I
)
_NAMES_A_FIELD = (400, 413, 415, 422)
_FIT_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """A key that a service takes is for one request: each generated request gets one of its own."""
    if case.headers and _FIT_KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex


@schemathesis.check
def problems_name_the_field_and_nothing_of_the_inside(ctx: CheckContext, response: Response, case: Case) -> None:
    """Health is BentoML's own, and says nothing at all."""
    if response.status_code < 400 or case.path in ("/livez", "/readyz", "/healthz"):
        return
    problem = response.json()
    assert response.headers["content-type"] == ["application/problem+json"]
    assert [problem["request_id"]] == response.headers["x-request-id"]
    assert not _INSIDE.search(problem["title"] + problem["detail"])
    assert not any(_INSIDE.search(error["message"]) for error in problem["errors"])
    assert problem["errors"] or response.status_code not in _NAMES_A_FIELD
