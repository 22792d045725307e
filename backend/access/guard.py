"""The guard in front of a route: who asks, and whether they may.

Every route names the permission it needs with `requires`. A route without one is open, and a test lists those.
"""

from functools import cache

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from backend.access import store
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.errors import Forbidden, NotAuthenticated, ProofNeeded
from backend.resources import Resources, resources_of
from core.api_keys import PREFIX


class Guard(SecurityBase):
    """A dependency that lets in whoever has a permission, and says who that is.

    It is also the scheme that the description of the API names. FastAPI takes longer to resolve a dependency than this
    one does to answer, so there is one and not one for each of its steps.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        self.model = HTTPBearer(description="an API key, or the access token of somebody who signed in")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> Principal:
        """Whoever asks. Raises what `authenticated` raises, and Forbidden."""
        principal = await authenticated(request, await resources_of(request))
        if self.permission not in principal.permissions:
            raise Forbidden(self.permission)
        return principal


@cache
def requires(permission: Permission) -> Guard:
    """The guard of a route that needs a permission: one for all routes, so that a request is counted once."""
    return Guard(permission)


class ProofGuard(Guard):
    """A guard in front of a dangerous act: people must also have shown lately who they are.

    A session that somebody left open, or stole, is not enough for it. Keys have no session and can show nothing: what
    they may do was chosen when they were made.
    """

    async def __call__(self, request: Request) -> Principal:
        """As `Guard`, and raises ProofNeeded."""
        principal = await super().__call__(request)
        await demand_proof(await resources_of(request), principal)
        return principal


async def demand_proof(resources: Resources, principal: Principal) -> None:
    """Raises ProofNeeded for somebody who has not shown lately who they are."""
    if principal.session_id is not None:
        seconds = resources.settings.proof_minutes * 60
        if await resources.database.run(store.proof_age(principal.session_id)) > seconds:
            raise ProofNeeded(seconds)


@cache
def requires_proof(permission: Permission) -> Guard:
    """The guard of a route that does what cannot be taken back, or gives somebody more power."""
    return ProofGuard(permission)


async def authenticated(request: Request, resources: Resources) -> Principal:
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
