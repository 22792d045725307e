"""The HTTP application of a service: two routes of its own and their description.

Belongs here: reading a request within its limits, calling `answers`, and writing the answer or the problem. Mounted
inside a BentoML service, which adds health, metrics, workers and life cycle. Does not belong here: any of those, or
what a model answers.
"""

import asyncio
import datetime
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.errors import FeaturesUnavailable, SnapshotMissing
from serving.logs import request_id_in_use
from serving.openapi import describe
from serving.problems import FieldError, ProblemError, from_validation, problem_response
from serving.schemas import (
    MAX_BODY_BYTES,
    FeatureInfo,
    ModelInfo,
    ModelKind,
    Prediction,
    PredictionRequest,
    PredictionResponse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serving.answers import Question
    from serving.model_slot import LoadedModel
    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

Handler = Callable[[Request], Awaitable[Response]]
_REQUEST = TypeAdapter(PredictionRequest)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Below this a hand-over to a thread costs more than the model; above, it would keep other requests waiting.
_ROWS_IN_LOOP = 16


def create_app(
    kind: ModelKind, open_runtime: "Callable[[ModelKind], AbstractAsyncContextManager[Runtime]]"
) -> Starlette:
    """The application of one service; `open_runtime` is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> "AsyncIterator[None]":
        async with open_runtime(kind) as runtime:
            app.state.runtime = runtime
            yield

    async def describe_api(_: Request) -> Response:
        return Response(to_json(describe(kind)), media_type="application/json")

    return Starlette(
        routes=[
            Route("/predict", _observed("/predict", _predict), methods=["POST"]),
            Route("/model", _observed("/model", _model), methods=["GET"]),
            # BentoML's own docs.json does not see mounted routes; its page at / reads this one instead.
            Route("/docs.json", describe_api, methods=["GET"]),
            Route("/openapi.json", describe_api, methods=["GET"]),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse_method},
    )


def _observed(route: str, handler: Handler) -> Handler:
    """Give each request an id, a log line and its metrics, and turn failures into problems."""

    async def observed(request: Request) -> Response:
        started = time.perf_counter()
        request_id = _request_id(request)
        token = request_id_in_use.set(request_id)
        try:
            response = await _answered(handler, request, request_id)
            seconds = time.perf_counter() - started
            response.headers["x-request-id"] = request_id
            _runtime(request).metrics.request_seconds.labels(route, response.status_code).observe(seconds)
            logger.info(
                "%s %s %d",
                request.method,
                route,
                response.status_code,
                extra={"fields": {"status": response.status_code, "milliseconds": round(seconds * 1000, 3)}},
            )
        finally:
            request_id_in_use.reset(token)
        return response

    return observed


async def _answered(handler: Handler, request: Request, request_id: str) -> Response:
    try:
        return await handler(request)
    except ProblemError as problem:
        return problem_response(problem, request_id)
    except ClientDisconnect:
        return problem_response(ProblemError(HTTPStatus.BAD_REQUEST, "The body ended early."), request_id)
    except Exception:
        # Whatever it is, the caller learns nothing of our inside; the log has it, under the same request id.
        logger.exception("unexpected failure")
        failure = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed to answer; its log says why.")
        return problem_response(failure, request_id)


async def _refuse_method(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} is not possible here; see /openapi.json."
    problem = ProblemError(status, detail, headers=error.headers)
    request_id = _request_id(request)
    response = problem_response(problem, request_id)
    response.headers["x-request-id"] = request_id
    return response


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else os.urandom(8).hex()


def _runtime(request: Request) -> "Runtime":
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _predict(request: Request) -> Response:
    from serving.answers import answer  # brings polars, which the supervising process never needs

    runtime = _runtime(request)
    asked = _parsed(await _body(request))
    # Taken once: every answer of a request is by one model, whatever is swapped in meanwhile.
    loaded = runtime.slot.current
    questions = _given(loaded, asked) if asked.features else await _looked_up(runtime, loaded, asked)
    today = datetime.datetime.now(datetime.UTC).date()
    if len(questions) <= _ROWS_IN_LOOP:
        predictions = answer(loaded, questions, reasons=asked.reasons, today=today)
    else:
        predictions = await asyncio.to_thread(answer, loaded, questions, reasons=asked.reasons, today=today)
    _count(runtime, loaded, predictions)
    body: PredictionResponse[Any] = PredictionResponse(
        model=runtime.kind,
        model_version=loaded.version,
        horizon_days=loaded.model.horizon_days or None,
        predictions=predictions,
    )
    return Response(to_json(body), media_type="application/json")


def _count(runtime: "Runtime", loaded: "LoadedModel", predictions: Sequence[Prediction]) -> None:
    for basis in {prediction.basis for prediction in predictions}:
        number = sum(prediction.basis == basis for prediction in predictions)
        runtime.metrics.predictions.labels(basis, loaded.version).inc(number)
    if (age := predictions[0].feature_age_days) is not None:
        runtime.metrics.feature_age_days.observe(age)


async def _body(request: Request) -> bytes:
    """The body, read only as far as its limit."""
    media_type, _, parameters = request.headers.get("content-type", "application/json").partition(";")
    is_utf8 = "charset" not in parameters.lower() or "utf-8" in parameters.lower()
    if media_type.strip().lower() != "application/json" or "content-encoding" in request.headers or not is_utf8:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send JSON in UTF-8, not compressed, with `Content-Type: application/json`.",
            [FieldError("body", "is not declared as plain application/json")],
        )
    length = request.headers.get("content-length", "0")
    body = bytearray()
    is_too_long = length.isdecimal() and int(length) > MAX_BODY_BYTES
    if not is_too_long:
        async for chunk in request.stream():
            body += chunk
            if is_too_long := len(body) > MAX_BODY_BYTES:
                break
    if is_too_long:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body is larger than {MAX_BODY_BYTES} bytes; ask for fewer users at a time.",
            [FieldError("body", f"is larger than {MAX_BODY_BYTES} bytes")],
            # What was not read must not be taken for the next request.
            {"connection": "close"},
        )
    return bytes(body)


def _parsed(body: bytes) -> PredictionRequest:
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        raise from_validation(error) from error


async def _looked_up(runtime: "Runtime", loaded: "LoadedModel", asked: PredictionRequest) -> "list[Question]":
    from serving.answers import Question  # see `_predict`

    try:
        snapshot = await runtime.store.fetch(asked.user_ids, loaded.model.feature_names, asked.as_of)
    except SnapshotMissing as error:
        if asked.as_of is None:
            raise _unavailable(runtime, str(error)) from error
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error), [FieldError("as_of", "has no snapshot")]) from error
    except FeaturesUnavailable as error:
        logger.warning("features unavailable: %s (%s)", error, type(error.__cause__).__name__)
        raise _unavailable(runtime, f"{error} Requests with `features` still work.") from error
    return [Question(user_id, snapshot.as_of, snapshot.values.get(user_id)) for user_id in asked.user_ids]


def _unavailable(runtime: "Runtime", detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": str(runtime.retry_after_seconds)}
    )


def _given(loaded: "LoadedModel", asked: PredictionRequest) -> "list[Question]":
    from serving.answers import Question  # see `_predict`

    names: tuple[str, ...] = loaded.model.feature_names
    expected = frozenset(names)
    errors = []
    for position, row in enumerate(asked.features):
        if row.values.keys() == expected:
            continue
        errors += [
            FieldError(f"features[{position}].{name}", "is not a feature of this model; see GET /model")
            for name in sorted(row.values.keys() - expected)
        ]
        errors += [
            FieldError(f"features[{position}].{name}", "is missing; give null if it is undefined")
            for name in sorted(expected - row.values.keys())
        ]
    if errors:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"The request is not valid at `{errors[0].field}`.", errors[:20]
        )
    return [Question(row.user_id, row.as_of, tuple(row.values[name] for name in names)) for row in asked.features]


async def _model(request: Request) -> Response:
    runtime = _runtime(request)
    loaded = runtime.slot.current
    info = ModelInfo(
        model=runtime.kind,
        model_version=loaded.version,
        digest=loaded.digest,
        deployment_id=loaded.deployment_id,
        horizon_days=loaded.model.horizon_days or None,
        loaded_at=loaded.loaded_at,
        features=[
            FeatureInfo(name=each.name, label=each.label, unit=each.unit, description=each.description)
            for each in loaded.model.catalogue
        ],
        metrics=dict(loaded.provenance.metrics),
        cutoffs=dict(loaded.provenance.cutoffs),
        refused=runtime.slot.refusal,
    )
    return Response(to_json(info), media_type="application/json")
