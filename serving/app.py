"""The HTTP application of a service: its routes, and what goes for every request alike.

Belongs here: which path leads where, and access, admission, the request id, its span, log line and metrics. Mounted
inside a BentoML service, which adds health, workers and life cycle. Does not belong here: what a route does
(`routes.py`).
"""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.logs import request_id_in_use
from serving.problems import FieldError, ProblemError, problem_response
from serving.requests import request_id
from serving.routes import describe_api, describe_model, explain, metrics, predict, runtime_of, targets
from serving.schemas import ModelKind
from serving.targeting import TARGETING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

Handler = Callable[[Request], Awaitable[Response]]


def handlers_of(kind: ModelKind) -> dict[tuple[str, str], Handler]:
    """What answers each method and path of one service."""
    return {
        (method, path): _observed(path, handler)
        for method, path, handler in (
            ("POST", "/predict", predict),
            ("POST", "/explain", explain),
            *(("POST", path, targets) for model, path in TARGETING.items() if model == kind),
            ("GET", "/model", describe_model),
            ("GET", "/metrics", metrics),
            # BentoML's own docs.json does not see mounted routes; its page at / reads this one instead.
            ("GET", "/docs.json", describe_api),
            ("GET", "/openapi.json", describe_api),
        )
    }


def create_app(kind: ModelKind, open_runtime: "Callable[[ModelKind], AbstractAsyncContextManager[Runtime]]") -> ASGIApp:
    """The application of one service; `open_runtime` is entered when it starts and left when it stops."""
    handlers = handlers_of(kind)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> "AsyncIterator[None]":
        async with open_runtime(kind) as runtime:
            app.state.runtime = runtime
            yield

    app = Starlette(
        routes=[Route(path, handler, methods=[method]) for (method, path), handler in handlers.items()],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse},
    )
    app.router.redirect_slashes = False

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        # A request that is as it should be skips Starlette's middleware and routing, which do nothing for it and cost
        # a tenth of an answer; what is left for them is start and stop, HEAD, and whatever has to be refused.
        handler = handlers.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if handler is None:
            await app(scope, receive, send)
        else:
            scope["app"] = app
            response = await handler(Request(scope, receive, send))
            await response(scope, receive, send)

    return serve


def _observed(route: str, handler: Handler) -> Handler:
    """Give each request an id, a log line and its metrics, and turn failures into problems."""

    async def observed(request: Request) -> Response:
        started = time.perf_counter()
        identity = request_id(request)
        token = request_id_in_use.set(identity)
        tracing = runtime_of(request).tracing
        try:
            with tracing.request(route, request):
                response = await _answered(handler, request, identity)
                tracing.answered(response.status_code)
                seconds = time.perf_counter() - started
                response.headers["x-request-id"] = identity
                runtime_of(request).metrics.request_seconds.labels(route, response.status_code).observe(seconds)
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
        runtime_of(request).keys.check(request)
        with runtime_of(request).admission.admitted():
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


async def _refuse(request: Request, error: Exception) -> Response:
    """No such path, or not by this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = HTTPStatus(error.status_code)
    what, errors = "Nothing is here", [FieldError("path", "is not known")]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {})["Allow"]
        what, errors = f"{request.method} is not possible here", [FieldError("method", f"must be one of {allowed}")]
    identity = request_id(request)
    problem = ProblemError(status, f"{what}; see /openapi.json.", errors, error.headers)
    response = problem_response(problem, identity)
    response.headers["x-request-id"] = identity
    # One label for all: whoever tries paths must not fill the memory of those who watch.
    runtime_of(request).metrics.request_seconds.labels("other", status.value).observe(0.0)
    return response
