"""The guard in front of a route: who asks, and whether they may.

Every route names the permission it needs with `requires`. A route without one is open, and a test lists those.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.errors import Forbidden, NotAuthenticated
from backend.resources import Resources, resources_of
from core.api_keys import PREFIX

# For the description of the API; what is presented is read below, so that every refusal has the same shape.
_BEARER = HTTPBearer(
    auto_error=False, scheme_name="bearer", description="an API key, or the access token of somebody who signed in"
)


async def authenticated(request: Request, resources: Annotated[Resources, Depends(resources_of)]) -> Principal:
    """Whoever asks. Raises NotAuthenticated, and TooMany for whoever asks too often."""
    await resources.limits.spend(f"address:{request.client.host if request.client else ''}")
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        principal = await principal_of(resources, secret.strip())
    else:
        # Here only keys are taken, so that a token is never sent in two ways.
        principal = await resources.keys.principal_of(_presented(request.headers.get("x-api-key", "")))
    request.state.principal = principal
    request.state.allowance = await resources.limits.spend(principal.id)
    return principal


async def principal_of(resources: Resources, secret: str) -> Principal:
    """Whose API key or access token this is. Raises NotAuthenticated, or Unavailable while that cannot be looked up."""
    known = resources.keys if _presented(secret).startswith(PREFIX) else resources.tokens
    return await known.principal_of(secret)


def _presented(secret: str) -> str:
    if not secret:
        raise NotAuthenticated("Send an API key or an access token as `Authorization: Bearer KEY`.")
    return secret


def requires(permission: Permission) -> Callable[..., Awaitable[Principal]]:
    """A dependency that lets in whoever has a permission, and says who that is."""

    async def permitted(
        principal: Annotated[Principal, Depends(authenticated)], _described: Annotated[object, Depends(_BEARER)]
    ) -> Principal:
        if permission not in principal.permissions:
            raise Forbidden(permission)
        return principal

    permitted.__dict__["permission"] = permission
    return permitted
