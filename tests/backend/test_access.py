"""Every route is guarded, but for those that are open on purpose."""

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.access.permissions import Permission
from backend.app import ROUTERS

OPEN = {"/livez", "/readyz", "/auth/login", "/auth/refresh", "/auth/logout"}


def permissions_of(dependant: Dependant) -> set[str]:
    """What the dependencies of a route demand."""
    own = {getattr(each.call, "permission", None) for each in dependant.dependencies} - {None}
    return own.union(*(permissions_of(each) for each in dependant.dependencies))


def test_every_route_names_the_permission_it_needs() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    unguarded = {route.path for route in routes if not permissions_of(route.dependant)}
    assert unguarded == OPEN
    named = set[str]().union(*(permissions_of(route.dependant) for route in routes))
    assert named <= set(Permission)
