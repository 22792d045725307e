"""The HTTP application of a service: its routes, and what goes for every request alike.

Belongs here: which path leads where, and access, admission, the request id, its span, log line and metrics. Every
request needs an API key; health, which needs none, is BentoML's and never gets here. Does not belong here: what a
route does (`routes.py`).
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.logs import request_id_in_use
from core.problems import FieldError, ProblemError, problem_response
from core.request_ids import request_id
from serving.routes import describe_api, describe_model, explain, metrics, predict, runtime_of, targets
from serving.targeting import TARGETING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

Handler = Callable[[Request], Awaitable[Response]]


class DirectApp(Starlette):
    """An application whose handlers get their requests without Starlette's middleware and routing.

    Those do nothing for a request that is as it should be, and cost a tenth of an answer. What is left for them is
    start and stop, HEAD, and whatever has to be refused.
    """

    def __init__(self, handlers: Mapping[tuple[str, str], Handler], **options: Any) -> None:
        """`handlers` by method and path; a handler answers every request, also one that makes it fail."""
        super().__init__(
            routes=[Route(path, of, methods=[method]) for (method, path), of in handlers.items()], **options
        )
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        handler = self._handlers.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if handler is None:
            await super().__call__(scope, receive, send)
        else:
            scope["app"] = self
            response = await handler(Request(scope, receive, send))
            await response(scope, receive, send)


def create_app(kind: str, open_runtime: "Callable[[str], AbstractAsyncContextManager[Runtime]]") -> Starlette:
    """The application of one service; `open_runtime` is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> "AsyncIterator[None]":
        async with open_runtime(kind) as runtime:
            app.state.runtime = runtime
            yield

    handlers = (
        ("POST", "/predict", predict),
        ("POST", "/explain", explain),
        *(("POST", path, targets) for model, path in TARGETING.items() if model == kind),
        ("GET", "/model", describe_model),
        ("GET", "/metrics", metrics),
        ("GET", "/openapi.json", describe_api),
    )
    app = DirectApp(
        {(method, path): _observed(path, handler) for method, path, handler in handlers},
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse},
    )
    app.router.redirect_slashes = False
    return app


def _observed(route: str, handler: Handler) -> Handler:
    """Give each request an id, a log line and its metrics, and turn failures into problems."""

    async def observed(request: Request) -> Response:
        started = time.perf_counter()
        identity = request_id(request.headers)
        token = request_id_in_use.set(identity)
        runtime = runtime_of(request)
        try:
            with runtime.tracing.request(route, request):
                response = await _answered(handler, runtime, request, identity)
                runtime.tracing.answered(response.status_code)
                seconds = time.perf_counter() - started
                response.raw_headers.append((b"x-request-id", identity.encode()))
                runtime.metrics.request_seconds(route, response.status_code).observe(seconds)
                logger.info(
                    "%s %s %d",
                    request.method,
                    route,
                    response.status_code,
                    extra={
                        "fields": {
                            "http.response.status_code": response.status_code,
                            # ECS counts a duration in nanoseconds.
                            "event.duration": round(seconds * 1e9),
                        }
                    },
                )
        finally:
            request_id_in_use.reset(token)
        return response

    return observed


async def _answered(handler: Handler, runtime: "Runtime", request: Request, request_id: str) -> Response:
    try:
        request.state.key_id = runtime.keys.authenticate(request)
        with runtime.admission:
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
    """No such path, or not by this method; told to callers with a key alone."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    runtime = runtime_of(request)
    identity = request_id(request.headers)
    try:
        runtime.keys.authenticate(request)
        problem = _not_here(request, error)
    except ProblemError as refused:
        problem = refused
    response = problem_response(problem, identity)
    response.headers["x-request-id"] = identity
    # One label for all: whoever tries paths must not fill the memory of those who watch.
    runtime.metrics.request_seconds("other", problem.status.value).observe(0.0)
    return response


def _not_here(request: Request, error: HTTPException) -> ProblemError:
    status = HTTPStatus(error.status_code)
    what, errors = "Nothing is here", [FieldError("path", "is not known")]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {})["Allow"]
        what, errors = f"{request.method} is not possible here", [FieldError("method", f"must be one of {allowed}")]
    return ProblemError(status, f"{what}; see /openapi.json.", errors, error.headers)
