"""`GET /notices`, and the WebSocket `/notices`."""

import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect, status
from pydantic_core import to_json

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.errors import UNEXPECTED, ApiError, ForeignPage
from backend.notices import service
from backend.notices.listening import Listener
from backend.notices.schemas import NoticePage, NoticeQuery
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from core.logs import request_id_in_use
from core.problems import Problem, ProblemError, problem_of, problem_response
from core.request_ids import request_id

logger = logging.getLogger("backend.notices")

router = APIRouter(tags=["notices"], route_class=StrictRoute)


@router.get("/notices", summary="What happened, newest first")
async def get_notices(
    resources: Annotated[Resources, Depends(resources_of)],
    principal: Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))],
    query: Annotated[NoticeQuery, Query()],
) -> NoticePage:
    """Ends of runs, confirmed drift and early warnings; jobs for who may read users. Kept for seven days.

    The WebSocket at the same path tells them as they happen; docs/api.md has the messages.
    """
    return await service.page(resources.database, principal, query)


@router.websocket("/notices")
async def listen(websocket: WebSocket) -> None:
    """Tells notices as they happen. A browser cannot send headers here, so the first message says who it is."""
    resources: Resources = websocket.app.state.resources
    identity = request_id(websocket.headers)
    token = request_id_in_use.set(identity)
    try:
        await _conversed(websocket, resources, identity)
    finally:
        request_id_in_use.reset(token)


async def _conversed(websocket: WebSocket, resources: Resources, identity: str) -> None:
    try:
        _demand_origin(websocket, resources.settings.allowed_origins)
        with resources.notices.place():
            await websocket.accept()
            await _told(websocket, resources, identity)
    except ApiError as refusal:
        await websocket.send_denial_response(problem_response(refusal, identity))


async def _told(websocket: WebSocket, resources: Resources, identity: str) -> None:
    listener = Listener(websocket, resources)
    code: int = status.WS_1011_INTERNAL_ERROR
    try:
        await listener.converse()
    except WebSocketDisconnect as left:
        code = left.code
    except ProblemError as refusal:
        # A browser is told of nothing but messages and the code.
        code = 4000 + refusal.status
        await _refuse(websocket, problem_of(refusal, identity), code)
    except Exception:
        logger.exception("a listener could not be told")
        await _refuse(websocket, problem_of(UNEXPECTED, identity), code)
    finally:
        who = listener.principal
        fields = {"code": code, "told": listener.told} | ({} if who is None else {"user.id": who.id})
        logger.info("listener left", extra={"fields": fields})


async def _refuse(websocket: WebSocket, problem: Problem, code: int) -> None:
    # The listener may have left meanwhile.
    with suppress(WebSocketDisconnect, RuntimeError):
        await websocket.send_bytes(to_json({"type": "problem", "problem": problem}))
        await websocket.close(code)


def _demand_origin(websocket: WebSocket, allowed: Collection[str]) -> None:
    """Raises ForeignPage for a browser's page of another address. Whoever is no browser sends no origin."""
    origin = websocket.headers.get("origin")
    if origin is None or origin in allowed:
        return
    if urlsplit(origin).netloc != websocket.headers.get("host"):
        raise ForeignPage("This page is of another address; name its origin in BACKEND_ALLOWED_ORIGINS.")
