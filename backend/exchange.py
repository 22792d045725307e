"""What goes for every request alike: its id, its span, its log line, its metrics, and how much may come in.

Belongs here: the middleware around the application, and how failures become answers. Does not belong here: who asks
(`access`), or what a route does.
"""

import logging
import time
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.access import refusals
from backend.access.proxies import trust_proxies
from backend.errors import UNEXPECTED, Forbidden, TooLarge, TooMany
from backend.settings import BackendSettings
from core.logs import request_id_in_use
from core.problems import FieldError, ProblemError, from_details, problem_response
from core.request_ids import request_id

logger = logging.getLogger("backend.requests")

MAX_BODY_BYTES = 4 * 1024 * 1024
UPLOADS = ("POST", "/imports")
_UNKNOWN_ROUTE = "other"
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class Exchange:
    """The middleware around the whole application. Resources are there once the application has started."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; whatever is not HTTP passes."""
        if scope["type"] != "lifespan":
            trust_proxies(scope, scope["app"].state.resources.settings.trusted_proxies)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        identity = request_id(request.headers)
        scope.setdefault("state", {})["request_id"] = identity
        token = request_id_in_use.set(identity)
        try:
            await self._observed(scope, receive, send, request)
        finally:
            request_id_in_use.reset(token)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, request: Request) -> None:
        resources = scope["app"].state.resources
        identity: str = scope["state"]["request_id"]
        started = time.perf_counter()
        status = 0

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                allowance = scope["state"].get("allowance")
                left = {} if allowance is None else allowance.headers
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", identity.encode()),
                    *((name.encode(), value.encode()) for name, value in left.items()),
                    *(header for header in _SECURITY_HEADERS if header[0] not in given),
                ]
            await send(message)

        # A path may name a user; which route it belongs to is known when it is answered.
        with resources.tracing.request(_UNKNOWN_ROUTE, request):
            self._inside += 1
            try:
                _admit(self._inside, resources.settings)
                await self._app(scope, _bounded(request, receive), answering)
            except ClientDisconnect:
                status = status or HTTPStatus.BAD_REQUEST
            except Exception as error:
                # An answer that has begun cannot be taken back: the connection breaks.
                if status:
                    raise
                await _answer(error, request, identity)(scope, receive, answering)
            finally:
                self._inside -= 1
                resources.tracing.named(scope["method"], _route(scope))
                resources.tracing.answered(status)
                _record(scope, status, time.perf_counter() - started)


def _admit(inside: int, settings: BackendSettings) -> None:
    if inside > settings.concurrent_requests:
        raise TooMany("Too many requests at a time; try again shortly.", settings.retry_after_seconds)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", _UNKNOWN_ROUTE))


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    scope["app"].state.resources.metrics.request_seconds(scope["method"], route, status).observe(seconds)
    principal = scope["state"].get("principal")
    # ECS counts a duration in nanoseconds.
    fields: dict[str, Any] = {"http.response.status_code": status, "event.duration": round(seconds * 1e9)}
    if principal is not None:
        fields["user.id"] = principal.id
    logger.info("%s %s %d", scope["method"], route, status, extra={"fields": fields})


def _bounded(request: Request, receive: Receive) -> Receive:
    """Raises TooLarge before more than the limit is read."""
    most = _most_bytes(request)
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise TooLarge(most)
    read = 0

    async def reading() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise TooLarge(most)
        return message

    return reading


def _most_bytes(request: Request) -> int:
    """How large a body may be. Files go to the disk as they come; all others are read whole."""
    if (request.method, request.url.path) == UPLOADS:
        settings: BackendSettings = request.app.state.resources.settings
        return settings.upload_bytes
    return MAX_BODY_BYTES


def add_error_answers(app: FastAPI) -> None:
    """Has every failure answered as a problem, in one shape."""

    async def answered(request: Request, error: Exception) -> Response:
        if isinstance(error, Forbidden):
            await refusals.record(request, error)
        return _answer(error, request, request.state.request_id)

    for kind in (ProblemError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answered)


def _answer(error: Exception, request: Request, identity: str) -> Response:
    return problem_response(_problem(error, request), identity)


def _problem(error: Exception, request: Request) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return from_details(error.errors())
    if isinstance(error, HTTPException):
        # What FastAPI raises while it reads a body keeps the reason as its cause.
        return error.__cause__ if isinstance(error.__cause__, ProblemError) else _not_here(error, request)
    logger.error("unexpected failure", exc_info=error)
    return UNEXPECTED


def _methods_here(request: Request) -> list[str]:
    """What can be done at the path of a request; the router itself names only the first of its routes."""
    found = (
        route.methods or set()
        for route in request.app.router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    )
    return sorted(set[str]().union(*found))


def _not_here(error: HTTPException, request: Request) -> ProblemError:
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        return ProblemError(status, "Nothing is here; see /docs.", [FieldError("path", "is not known")])
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods_here(request))
        return ProblemError(
            status,
            "That is not possible here; see /docs.",
            [FieldError("method", f"must be one of {allowed}")],
            {"allow": allowed},
        )
    return ProblemError(status, "The request cannot be read.", [FieldError("body", str(error.detail))], error.headers)
