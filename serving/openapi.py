"""The OpenAPI description of a service, made from the contract in `schemas.py`.

Belongs here: paths, statuses and headers of every route a caller may use. Does not belong here: the fields
themselves, examples of answers (`examples.py`), or which changes callers would notice (`api_changes.py`). BentoML
describes only routes it makes itself, so ours, which are mounted, are described here, together with its health checks.
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from core.problems import MEDIA_TYPE, Problem
from ml.kinds import Answer, ModelKind, model_kind
from serving import examples
from serving.model_info import ModelInfo
from serving.schemas import (
    EXPLANATION_OF,
    EXPLANATION_REQUEST,
    MAX_BODY_BYTES,
    MAX_EXPLAINED_ROWS,
    MAX_ROWS,
    REQUEST,
    RESPONSE_OF,
)
from serving.targeting import REQUEST_OF, RESPONSE, TARGETING

if TYPE_CHECKING:
    from ml.catalogue import Feature

API_VERSION = "2.0.0"
"""Of the contract: a new major version where a caller must change something."""

Json = dict[str, Any]

_TARGETING_SUMMARIES: dict[str, str] = {
    "purchase": "The users from whom a contact may expect most, for a budget",
    "churn": "The active users most likely to leave, for a budget",
}
_REQUEST_ID_PARAMETER = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "names the request in logs; made up unless it is 1 to 64 letters, digits or any of ._-",
    "schema": {"type": "string", "examples": ["bot-42"]},
}
_IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same for a request that is sent again within a day: it gets the first answer, byte for byte, "
    "which is recorded once; a key belongs to its caller and to one request, and needs the warehouse",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "examples": ["order-1024-retry"]},
}
_REPLAYED_HEADER = {
    "description": "`true` where the first answer under this Idempotency-Key is given again",
    "schema": {"type": "string", "const": "true"},
}
_REQUEST_ID_HEADER = {"description": "the id sent with the request, or a new one", "schema": {"type": "string"}}
_EXTRA_HEADERS = {
    "401": {"WWW-Authenticate": {"description": "how to send the key", "schema": {"type": "string"}}},
    "429": {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}},
    "503": {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}},
}
_ANY_PROBLEMS = {
    "401": "No valid API key",
    "429": "Too many requests at a time; see `Retry-After`",
    "500": "The service failed",
    "503": "The service has not read its keys yet; see `Retry-After`",
}
_BODY_PROBLEMS = _ANY_PROBLEMS | {
    "400": "The body is not JSON in UTF-8",
    "404": "No feature snapshot, or no scores, for the `as_of` asked",
    "413": f"The body is larger than {MAX_BODY_BYTES} bytes",
    "415": "The body is not declared as plain JSON",
    "422": "A field is wrong, or an Idempotency-Key was used for another request; `errors` names it",
    "503": "Features, scores or a first answer cannot be looked up now; see `Retry-After`",
}
_HEALTH = {
    "/livez": "200 while the process lives",
    "/healthz": "The same as /livez",
    "/readyz": "200 once predictions can be answered",
}


def describe(kind: str, features: "Iterable[Feature]" = ()) -> Json:
    """The OpenAPI 3.1 document of one service.

    With the `features` of a model it says which `features` that model takes; without, as in the files checked in, what
    holds for every model.
    """
    document: Json = json.loads(_described(kind))
    _name_features(document["components"]["schemas"]["FeatureRow"], list(features))
    return document


@cache
def _described(kind: str) -> str:
    """What holds for every model, as text, because making it takes longer than any request may."""
    reference, schemas = _schemas(kind)
    document = {
        "openapi": "3.1.0",
        "info": {"title": _title(model_kind(kind)), "version": API_VERSION, "summary": f"The {kind} model over HTTP."},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"header": []}],
        "paths": {
            **_asking_paths(kind, reference),
            **_reading_paths(kind, reference),
            **{path: {"get": _health(kind, path, summary)} for path, summary in _HEALTH.items()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "an API key"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "an API key"},
            },
        },
    }
    return json.dumps(document)


def _title(kind: ModelKind) -> str:
    words = kind.name.replace("_", " ")
    return f"Customer {words}" if kind.answer is Answer.SEGMENT else f"{words.capitalize()} prediction"


def _schemas(kind: str) -> tuple[Json, Json]:
    """References by the name they go by below, and the schemas they lead to."""
    answer = model_kind(kind).answer
    asked: dict[str, TypeAdapter[Any]] = {"predict": REQUEST, "explain": EXPLANATION_REQUEST}
    said: dict[str, TypeAdapter[Any]] = {
        "predictions": RESPONSE_OF[answer],
        "explanations": EXPLANATION_OF[answer],
        "model": TypeAdapter(ModelInfo),
        "problem": TypeAdapter(Problem),
    }
    if kind in TARGETING:
        asked["list"] = REQUEST_OF[kind]
        said["listed"] = RESPONSE
    references, schemas = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in asked.items()]
        + [(name, "serialization", adapter) for name, adapter in said.items()],
        ref_template="#/components/schemas/{model}",
    )
    definitions = schemas["$defs"]
    for schema in definitions.values():
        if "model" in schema["properties"]:
            schema["properties"]["model"]["const"] = kind
    return {name: schema for (name, _), schema in references.items()}, definitions


def _name_features(row: Json, features: "list[Feature]") -> None:
    """Make the schema of a row of features exact for a model."""
    if not features:
        return
    for feature in features:
        row["properties"][feature.name] = {
            **row["additionalProperties"],
            "title": feature.label,
            "description": f"{feature.description} Unit: {feature.unit}.",
        }
    row["required"] = [feature.name for feature in features]
    row["additionalProperties"] = False
    row["examples"] = [{"user_id": "1024", **dict.fromkeys(row["required"], 1.0)}]


def _asking_paths(kind: str, reference: Json) -> Json:
    paths = {
        "/predict": _asking(
            f"{kind}_predict",
            "Predict for users by id, or for given features",
            f"Up to {MAX_ROWS} rows, answered in the order asked, in a body of at most {MAX_BODY_BYTES} bytes. A user "
            "nobody has seen is answered with the prior, marked by `basis` and `is_known`.",
            reference["predict"],
            _content(reference["predictions"], examples.predictions(kind)),
            reference["problem"],
        ),
        "/explain": _asking(
            f"{kind}_explain",
            "Predict, and tell what every feature adds to the answer",
            f"Up to {MAX_EXPLAINED_ROWS} rows, answered in the order asked. Contributions are additive: `bias` and "
            "those of all families are `total`. The prediction is recorded like one of `/predict`.",
            reference["explain"],
            _content(reference["explanations"], examples.explanations(kind)),
            reference["problem"],
        ),
    }
    for operation in paths.values():
        operation["parameters"].append(_IDEMPOTENCY_PARAMETER)
        operation["responses"]["200"]["headers"]["Idempotent-Replayed"] = _REPLAYED_HEADER
    if kind in TARGETING:
        path = TARGETING[kind]
        paths[path] = _asking(
            f"{kind}_{path.removeprefix('/').replace('-', '_')}",
            _TARGETING_SUMMARIES[kind],
            "From the stored scores of the newest day, or of the one asked.",
            reference["list"],
            _content(reference["listed"], examples.targets(kind)),
            reference["problem"],
        )
    return {path: {"post": operation} for path, operation in paths.items()}


def _asking(operation: str, summary: str, description: str, request: Json, content: Json, problem: Json) -> Json:
    """An operation with a body."""
    return {
        "operationId": operation,
        "summary": summary,
        "description": description,
        "parameters": [_REQUEST_ID_PARAMETER],
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": _responses(summary, content, problem, _BODY_PROBLEMS),
    }


def _reading_paths(kind: str, reference: Json) -> Json:
    described = {
        "/model": (
            "The model in use: version, digest, features, cutoffs, metrics",
            _content(reference["model"], examples.model(kind)),
        ),
        "/metrics": (
            "Figures in Prometheus text format",
            {"text/plain": {"schema": {"type": "string"}}},
        ),
        "/openapi.json": (
            "This document, with the features of the model in use",
            {"application/json": {"schema": {"type": "object"}}},
        ),
    }
    return {
        path: {
            "get": {
                "operationId": f"{kind}_{path.removeprefix('/').removesuffix('.json')}",
                "summary": summary,
                "parameters": [_REQUEST_ID_PARAMETER],
                "responses": _responses(summary, content, reference["problem"], _ANY_PROBLEMS),
            }
        }
        for path, (summary, content) in described.items()
    }


def _health(kind: str, path: str, summary: str) -> Json:
    """A check that BentoML answers itself, for anybody."""
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": f"{kind}_{path.removeprefix('/')}",
        "summary": summary,
        "security": [],
        "responses": {
            "200": {"description": summary, "content": text},
            "500": {"description": "Not yet, or no longer", "content": text},
        },
    }


def _responses(description: str, content: Json, problem: Json, problems: dict[str, str]) -> Json:
    return {
        "200": {"description": description, "headers": {"X-Request-ID": _REQUEST_ID_HEADER}, "content": content},
        **{
            status: {
                "description": problems[status],
                "headers": {"X-Request-ID": _REQUEST_ID_HEADER, **_EXTRA_HEADERS.get(status, {})},
                "content": _content(problem, examples.PROBLEM, MEDIA_TYPE),
            }
            for status in sorted(problems)
        },
    }


def _content(schema: Json, example: Json, media_type: str = "application/json") -> Json:
    return {media_type: {"schema": schema, "example": example}}
