"""What every answer must keep to, beside its OpenAPI description, and how requests are made; loaded by Schemathesis.

`SPARED` in the environment names ids, with commas between, that no request is about: those of whoever asks.
"""

import json
import os
import re
import uuid
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response, SerializationContext

_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|/(tmp|work|usr|opt|srv|root|home|var)/|psycopg|\bselect\b.+\bfrom\b", re.I
)
_NAMES_A_FIELD = (400, 413, 415, 422)
_FIT_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and uuid.UUID(value) is not None
    except ValueError:
        return False


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Each request has keys of its own, since a key is for one request, and spares what must not be changed."""
    if case.headers and _FIT_KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    for event in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(event, dict) and _is_uuid(event.get("event_id")):
            event["event_id"] = str(uuid.uuid4())
    if isinstance(case.body, dict) and case.body.get("wait_seconds"):
        # Who asks for what is not there waits as long as it said.
        case.body["wait_seconds"] = 0
    for name, value in (case.path_parameters or {}).items():
        if str(value) in os.environ.get("SPARED", "").split(","):
            case.path_parameters[name] = str(uuid.uuid4())


@schemathesis.serializer("application/x-ndjson")
def lines(context: SerializationContext, value: Any) -> bytes:
    """A text as it is, anything else as one line of JSON."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


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
