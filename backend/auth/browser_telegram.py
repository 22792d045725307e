"""`/auth/browser/telegram`: pages that send people to Telegram's page, or were opened inside Telegram.

Belongs here: the cookie by which a visit belongs to the browser that began it, so that nobody can finish a visit of
somebody else's, and the routes around it. What a visit decides is `telegram`'s and `proofs`'.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from backend.access.guard import demand_proof, requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.auth import proofs, telegram
from backend.auth.browser import PATH, keep
from backend.auth.schemas import (
    AccessToken,
    MiniApp,
    Nothing,
    Purpose,
    ReturnedCode,
    TelegramCode,
    TelegramSignIn,
    TelegramVisit,
)
from backend.description import also_refuses
from backend.errors import NotAuthenticated
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

COOKIE = "customer_analyzer_telegram"

router = APIRouter(prefix=f"{PATH}/telegram", tags=["auth"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_Origin = Annotated[Origin, Depends(origin_of)]
_Myself = Annotated[Principal, Depends(requires(Permission.PROFILE_MANAGE))]
_Binding = Annotated[str, Cookie(alias=COOKIE, description="set by `start` or `visit`", max_length=512)]
_NOT_SET_UP = also_refuses(HTTPStatus.NOT_FOUND)
_REFUSES = also_refuses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)


@router.post("/start", summary="Begin to sign in at Telegram's page", responses=_NOT_SET_UP)
async def browser_telegram_start(
    _given: Nothing, request: Request, response: Response, resources: _Resources
) -> TelegramVisit:
    """Send `{}`. What proves who began is set as a cookie."""
    return _bound(request, response, await telegram.start(resources))


@router.post("/complete", summary="Sign in with what Telegram's page sent back", responses=_REFUSES)
async def browser_telegram_complete(
    given: ReturnedCode,
    request: Request,
    response: Response,
    resources: _Resources,
    origin: _Origin,
    binding: _Binding = "",
) -> AccessToken:
    """As `/auth/telegram/complete`, but the refresh token is set as a cookie."""
    tokens = await telegram.complete(resources, _with_binding(given, binding), origin)
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")
    return await keep(request, response, resources, tokens)


@router.post("/mini-app", summary="Sign in from the dashboard opened inside Telegram", responses=_REFUSES)
async def browser_mini_app(
    given: MiniApp, request: Request, response: Response, resources: _Resources, origin: _Origin
) -> AccessToken:
    """As `/auth/telegram/mini-app`, but the refresh token is set as a cookie."""
    return await keep(request, response, resources, await telegram.open_mini_app(resources, given, origin))


@router.post("/visit", summary="Go to Telegram's page while signed in", responses=_NOT_SET_UP)
async def browser_telegram_visit(
    given: Purpose, request: Request, response: Response, resources: _Resources, principal: _Myself
) -> TelegramVisit:
    """To link the Telegram user who confirms there, which needs a fresh proof; or as a proof."""
    if given.purpose == "link":
        await demand_proof(resources, principal)
    begun = await telegram.start(resources, given.purpose, proofs.session_of(principal))
    return _bound(request, response, begun)


@router.post(
    "/confirm",
    summary="Link or prove with what Telegram's page sent back",
    status_code=HTTPStatus.NO_CONTENT,
    responses=also_refuses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def browser_telegram_confirm(
    given: ReturnedCode, resources: _Resources, principal: _Myself, origin: _Origin, binding: _Binding = ""
) -> None:
    """By the session that began the visit, which said what it was for."""
    await proofs.confirm(resources, principal, _with_binding(given, binding), origin)


def _bound(request: Request, response: Response, begun: TelegramSignIn) -> TelegramVisit:
    response.set_cookie(
        COOKIE,
        begun.binding,
        max_age=begun.expires_in,
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return TelegramVisit(url=begun.url, state=begun.state)


def _with_binding(given: ReturnedCode, binding: str) -> TelegramCode:
    if not binding:
        raise NotAuthenticated("This sign-in was not begun in this browser; begin again.")
    return TelegramCode(code=given.code, state=given.state, binding=binding)
