"""Answers that a caller may have already: an ETag for each, 304 where it is the caller's, and the cache behind both.

Belongs here: what names an answer, and the headers. Does not belong here: how answers are kept (`cache`).
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from backend.cache import AnswerCache

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The answer is the one named in If-None-Match"}}
"""For the description of a route."""


async def answered(
    request: Request,
    cache: AnswerCache,
    parts: tuple[object, ...],
    compute: Callable[[], Awaitable[BaseModel]],
) -> Response:
    """The answer to a request whose path and `parts` (its parameters, the state of the data) name all it depends on."""
    name = hashlib.sha256(orjson.dumps((request.app.version, request.url.path, parts))).hexdigest()[:32]
    etag = f'"{name}"'
    # Others may keep an answer, but ask each time whether it is still the one.
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if _is_known(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)

    async def body() -> bytes:
        return (await compute()).model_dump_json().encode()

    return Response(await cache.answer(f"answer {name}", body), headers=headers, media_type="application/json")


def _is_known(etag: str, if_none_match: str) -> bool:
    known = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in known or etag in known
