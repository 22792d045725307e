"""Faults on demand, for tests of senders: what a network and a busy server do to the next calls of a method."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal, get_args

from starlette.responses import JSONResponse, Response

Kind = Literal["error", "flood", "slow", "lost"]


@dataclass(frozen=True)
class Fault:
    """What becomes of one call.

    `error`: 502, and nothing was done. `flood`: 429 with `seconds` to wait, and nothing was done. `slow`: done, and
    answered after `seconds`. `lost`: done, but the answer is a 504 after `seconds`: whoever asked cannot know.
    """

    kind: Kind
    seconds: float

    @property
    def is_done(self) -> bool:
        """Whether the call is carried out."""
        return self.kind in ("slow", "lost")

    async def answer(self, done: Any = None) -> Response:
        """What is answered in place of the result, or late; `done` is the result."""
        if self.kind == "flood":
            wait = max(1, round(self.seconds))
            body = {
                "ok": False,
                "error_code": 429,
                "description": f"Too Many Requests: retry after {wait}",
                "parameters": {"retry_after": wait},
            }
            return JSONResponse(body, 429)
        await asyncio.sleep(self.seconds)
        if self.kind == "slow":
            return JSONResponse({"ok": True, "result": done})
        code, words = (504, "Gateway Timeout") if self.is_done else (502, "Bad Gateway")
        return JSONResponse({"ok": False, "error_code": code, "description": words}, code)


class Faults:
    """The faults of the calls to come, by method."""

    def __init__(self) -> None:
        self._coming: dict[str, list[Fault]] = {}

    def add(self, method: str, count: int, kind: str, seconds: float) -> None:
        """Lets the next `count` calls of a method go wrong. Raises ValueError for an unknown kind."""
        for known in get_args(Kind):
            if known == kind:
                self._coming.setdefault(method.lower(), []).extend([Fault(known, seconds)] * count)
                return
        raise ValueError(f"a fault is one of {get_args(Kind)}")

    def next(self, method: str) -> Fault | None:
        """The fault of the call that is made now, if any."""
        coming = self._coming.get(method)
        return coming.pop(0) if coming else None
