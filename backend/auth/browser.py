"""`/auth/browser`: the sessions of pages, whose refresh token stands in a cookie that no script can read.

Belongs here: the cookie, and the routes that set, read and clear it. What signing in decides is `service`'s.

A page keeps its access token in memory only, so a script that got in finds nothing to carry away. The cookie goes to
these routes alone. Another site cannot make a browser use it: it is `SameSite=Strict`, and a body must be declared as
JSON, for which a browser asks first across sites.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from backend.access.origin import Origin, origin_of
from backend.auth import service
from backend.auth.schemas import AccessToken, Login, Nothing, Tokens
from backend.auth.sessions import MOST_DAYS
from backend.description import also_refuses
from backend.errors import NotAuthenticated
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

COOKIE = "customer_analyzer_refresh"
PATH = "/auth/browser"

router = APIRouter(prefix=PATH, tags=["auth"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_Origin = Annotated[Origin, Depends(origin_of)]
_Refresh = Annotated[str | None, Cookie(alias=COOKIE, description="set by these routes", max_length=512)]


@router.post("/login", summary="Sign in from a page", responses=also_refuses(HTTPStatus.UNAUTHORIZED))
async def browser_login(
    given: Login, request: Request, response: Response, resources: _Resources, origin: _Origin
) -> AccessToken:
    """As `/auth/login`, but the refresh token is set as a cookie."""
    return await keep(request, response, resources, await service.login(resources, given, origin))


@router.post("/refresh", summary="A new access token for a page", responses=also_refuses(HTTPStatus.UNAUTHORIZED))
async def browser_refresh(
    _given: Nothing,
    request: Request,
    response: Response,
    resources: _Resources,
    origin: _Origin,
    token: _Refresh = None,
) -> AccessToken:
    """As `/auth/refresh`, with the cookie. Send `{}`. Pages that refresh at the same moment get the same token."""
    if token is None:
        raise NotAuthenticated("Nobody is signed in here.")
    return await keep(request, response, resources, await service.refresh(resources, token, origin))


@router.post("/logout", summary="End the session of a page", status_code=HTTPStatus.NO_CONTENT)
async def browser_logout(
    _given: Nothing,
    response: Response,
    resources: _Resources,
    origin: _Origin,
    token: _Refresh = None,
) -> None:
    """As `/auth/logout`, with the cookie, which is cleared. Send `{}`."""
    if token is not None:
        await service.logout(resources, token, origin)
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


async def keep(request: Request, response: Response, resources: Resources, tokens: Tokens) -> AccessToken:
    """What a page gets of a session whose refresh token goes into the cookie."""
    response.set_cookie(
        COOKIE,
        tokens.refresh_token,
        max_age=MOST_DAYS * 24 * 3600,
        path=PATH,
        httponly=True,
        samesite="strict",
        # Loopback has no TLS; everything else is behind a gateway, which says so.
        secure=request.url.scheme == "https",
    )
    return AccessToken(
        access_token=tokens.access_token,
        expires_in=tokens.expires_in,
        session_id=tokens.session_id,
        me=await service.me(resources, await resources.tokens.principal_of(tokens.access_token)),
    )
