"""`/auth/browser/operations`: who may look at MLflow's and Dagster's pages, which have no sign-in of their own.

Belongs here: the cookie by which the gateway asks, for each request to those pages, whether it is allowed. Does not
belong here: the gateway (`deploy/gateway`).

A browser opens pages without the access token, which only scripts of the dashboard hold. The cookie of the session
does not help: it must not leave `/auth/browser`, since whoever has it can act as its owner for weeks. So the dashboard
asks for another cookie, which is good for nothing but those pages: it is a token of another type and audience, lasts
an hour, ends with its session, goes to `/operations/` alone, and no script and no other site can use it.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from backend.access.guard import requires_proof
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.access.tokens import OPERATIONS
from backend.audit.recording import entry
from backend.auth.schemas import Nothing, OperationsPages
from backend.description import also_refuses
from backend.errors import Forbidden, NotAuthenticated, NotFound
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

COOKIE = "customer_analyzer_operations"
PATH = "/operations/"

router = APIRouter(prefix="/auth/browser/operations", tags=["auth"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]


@router.post("", summary="Open MLflow's and Dagster's pages", responses=also_refuses(HTTPStatus.NOT_FOUND))
async def open_operations(
    _given: Nothing,
    response: Response,
    request: Request,
    resources: _Resources,
    origin: Annotated[Origin, Depends(origin_of)],
    principal: Annotated[Principal, Depends(requires_proof(Permission.OPERATIONS_USE))],
) -> OperationsPages:
    """Says where the pages are, and sets a cookie with which a browser may open them for an hour. Send `{}`.

    404 where the platform has no gateway: the pages are then on their own machine alone.
    """
    address = resources.settings.operations_url
    if not address:
        raise NotFound("MLflow and Dagster are not behind a gateway here; `customer-analyzer status` has addresses.")
    if principal.account_id is None or principal.session_id is None:
        raise Forbidden(Permission.OPERATIONS_USE)
    token = await resources.tokens.sign(principal.account_id, principal.session_id, OPERATIONS)
    await resources.database.run(entry(principal, origin, "operations:open", f"session:{principal.session_id}"))
    response.set_cookie(
        COOKIE,
        token,
        max_age=OPERATIONS.seconds,
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return OperationsPages(dagster=f"{address}{PATH}dagster/", mlflow=f"{address}{PATH}mlflow/")


@router.get(
    "",
    summary="Whether this browser may open them",
    status_code=HTTPStatus.NO_CONTENT,
    responses=also_refuses(HTTPStatus.UNAUTHORIZED),
)
async def may_open_operations(
    resources: _Resources,
    token: Annotated[str | None, Cookie(alias=COOKIE, description="set by this path", max_length=2048)] = None,
) -> None:
    """For the gateway, which asks before each request to the pages. 401: not allowed, or no longer."""
    if token is None:
        raise NotAuthenticated("Open these pages from the dashboard.")
    principal = await resources.tokens.principal_of(token, OPERATIONS)
    if Permission.OPERATIONS_USE not in principal.permissions:
        raise NotAuthenticated("Your account may no longer open these pages.")
