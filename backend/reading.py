"""How a body is read: strict JSON in UTF-8, declared as such.

FastAPI alone would take NaN, lone surrogates and any nesting. Routes are made with `StrictRoute`, so that no such value
reaches a model of pydantic.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from backend.errors import WrongMediaType
from core.problems import FieldError


class StrictRequest(Request):
    """A request whose JSON is what RFC 8259 says."""

    async def json(self) -> Any:
        """The body; raises json.JSONDecodeError where it is no JSON."""
        return orjson.loads(await self.body())


class StrictRoute(APIRoute):
    """A route that takes a body only as plain JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request of this route."""
        answer = super().get_route_handler()
        has_body = self.body_field is not None

        async def handler(request: Request) -> Response:
            if has_body:
                demand_media_type(request, "application/json")
            return await answer(StrictRequest(request.scope, request.receive))

        return handler


def demand_media_type(request: Request, *allowed: str) -> str:
    """The media type of the body, which must be one of some. Raises WrongMediaType."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    is_utf8 = "charset" not in parameters.lower() or "utf-8" in parameters.lower()
    if media_type not in allowed or "content-encoding" in request.headers or not is_utf8:
        raise WrongMediaType(
            f"Send the body in UTF-8, not compressed, with `Content-Type: {' or '.join(allowed)}`.",
            [FieldError("body", "is not declared as something that this route reads")],
        )
    return media_type
