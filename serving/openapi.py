"""The OpenAPI description of a service, made from the contract in `schemas.py`.

Belongs here: paths, statuses and examples of every route a caller may use. Does not belong here: the fields
themselves. BentoML describes only routes it makes itself, so ours, which are mounted, are described here.
"""

from typing import Any

from pydantic import TypeAdapter

from serving.problems import MEDIA_TYPE, Problem
from serving.schemas import (
    MAX_BODY_BYTES,
    MAX_ROWS,
    RESPONSE_OF,
    ModelInfo,
    ModelKind,
    PredictionRequest,
)
from serving.targeting import REQUEST_OF, RESPONSE, TARGETING

API_VERSION = "1.1.0"

_TITLES: dict[ModelKind, str] = {
    "segmentation": "Customer segmentation",
    "purchase": "Purchase prediction",
    "churn": "Churn prediction",
}
_REQUEST_ID_HEADER = {
    "X-Request-ID": {
        "description": "the id sent with the request, or a new one",
        "schema": {"type": "string"},
    }
}


def describe(kind: ModelKind) -> dict[str, Any]:
    """The OpenAPI 3.1 document of one service."""
    adapters: dict[str, TypeAdapter[Any]] = {
        "request": TypeAdapter(PredictionRequest),
        "response": RESPONSE_OF[kind],
        "model": TypeAdapter(ModelInfo),
        "problem": TypeAdapter(Problem),
    }
    if kind in TARGETING:
        adapters |= {"targeting request": REQUEST_OF[kind], "targeting response": RESPONSE}
    references, schemas = TypeAdapter.json_schemas(
        [
            (name, "validation" if name.endswith("request") else "serialization", adapter)
            for name, adapter in adapters.items()
        ],
        ref_template="#/components/schemas/{model}",
    )
    reference = {name: schema for (name, _), schema in references.items()}
    problem = {MEDIA_TYPE: {"schema": reference["problem"]}}
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLES[kind], "version": API_VERSION, "summary": f"The {kind} model over HTTP."},
        "servers": [{"url": "/"}],
        # Neither is needed on the service's own machine as long as no key was made.
        "security": [{"bearer": []}, {"header": []}, {}],
        "paths": {
            "/predict": {
                "post": {
                    "operationId": f"{kind}_predict",
                    "summary": "Predict for users by id, or for given features",
                    "description": (
                        f"Up to {MAX_ROWS} rows in a body of at most {MAX_BODY_BYTES} bytes. A user nobody has "
                        "seen is answered with the prior, marked by `basis` and `is_known`."
                    ),
                    "parameters": [_REQUEST_ID_PARAMETER, _IDEMPOTENCY_PARAMETER],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": reference["request"]}},
                    },
                    "responses": {
                        "200": _json(reference["response"], "One prediction a row, in the order asked"),
                        **_problems(problem, _PREDICT_PROBLEMS),
                    },
                }
            },
            **_targeting(kind, reference, problem),
            "/model": {
                "get": {
                    "operationId": f"{kind}_model",
                    "summary": "The model in use: version, digest, features, cutoffs, metrics",
                    "parameters": [_REQUEST_ID_PARAMETER],
                    "responses": {
                        "200": _json(reference["model"], "The model in use"),
                        **_problems(problem, _ANY_PROBLEMS),
                    },
                }
            },
            **{path: _plain(path, summary, kind) for path, summary in _INFRASTRUCTURE.items()},
        },
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "a service key"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "a service key"},
            },
        },
    }


_REQUEST_ID_PARAMETER = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "names the request in logs; made up if absent or unfit",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
}
_IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same for a request that is sent again: its predictions keep their ids and are recorded once",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
}
_TARGETING_SUMMARIES: dict[ModelKind, str] = {
    "purchase": "The users from whom a contact may expect most, for a budget",
    "churn": "The active users most likely to leave, for a budget",
}
_ANY_PROBLEMS = {
    "401": "No valid service key",
    "429": "Too many requests at a time; see `Retry-After`",
    "500": "The service failed",
    "503": "The service has not read its keys yet; see `Retry-After`",
}
_PREDICT_PROBLEMS = {
    "400": "The body is not JSON",
    "401": "No valid service key",
    "404": "No feature snapshot for the `as_of` asked",
    "413": "The body is too large",
    "415": "The body is not declared as JSON",
    "422": "A field is wrong; `errors` names it",
    "429": "Too many requests at a time; see `Retry-After`",
    "500": "The service failed",
    "503": "Features cannot be looked up now; see `Retry-After`",
}
_INFRASTRUCTURE = {
    "/livez": "200 while the process lives",
    "/readyz": "200 once predictions can be answered",
    "/metrics": "Figures in Prometheus text format",
}


def _targeting(kind: ModelKind, reference: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    if kind not in TARGETING:
        return {}
    operation = {
        "operationId": f"{kind}_{TARGETING[kind].removeprefix('/').replace('-', '_')}",
        "summary": _TARGETING_SUMMARIES[kind],
        "description": "From the stored scores of the newest day, or of the one asked.",
        "parameters": [_REQUEST_ID_PARAMETER],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference["targeting request"]}},
        },
        "responses": {
            "200": _json(reference["targeting response"], "Whom to contact, the best first"),
            **_problems(problem, _PREDICT_PROBLEMS | {"404": "No scores for the `as_of` asked"}),
        },
    }
    return {TARGETING[kind]: {"post": operation}}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": _REQUEST_ID_HEADER,
        "content": {"application/json": {"schema": schema}},
    }


def _problems(content: dict[str, Any], statuses: dict[str, str]) -> dict[str, Any]:
    return {
        status: {"description": description, "headers": _headers(status), "content": content}
        for status, description in statuses.items()
    }


def _headers(status: str) -> dict[str, Any]:
    if status not in ("429", "503"):
        return _REQUEST_ID_HEADER
    retry = {"description": "seconds to wait", "schema": {"type": "integer"}}
    return {**_REQUEST_ID_HEADER, "Retry-After": retry}


def _plain(path: str, summary: str, kind: str) -> dict[str, Any]:
    return {
        "get": {
            "operationId": f"{kind}_{path.removeprefix('/')}",
            "summary": summary,
            "responses": {"200": {"description": summary, "content": {"text/plain": {"schema": {"type": "string"}}}}},
        }
    }
