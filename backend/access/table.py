"""Who may call what, as the table in docs/security.md: `python -m backend.access.table` writes it again.

Belongs here: reading the guards off the routes. A test fails while the page differs from the routes.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.access.guard import Guard, ProofGuard
from backend.access.permissions import KEY_SCOPES, ROLE_PERMISSIONS, Permission, Role

BEGIN, END = "<!-- who may call what -->", "<!-- end -->"
_YES, _NO = "yes", ""


@dataclass(frozen=True)
class GuardedRoute:
    """A method and path, and the permission that it demands; None where it is open to everybody.

    `needs_proof`: people must also have shown lately who they are.
    """

    method: str
    path: str
    permission: Permission | None
    needs_proof: bool = False

    def lets_in(self, role: Role) -> bool:
        """Whether an account of this role may call it."""
        return self.permission is None or self.permission in ROLE_PERMISSIONS[role]


def guarded_routes() -> list[GuardedRoute]:
    """Every route of the API, by path and method."""
    from backend.app import ROUTERS

    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return sorted(
        (
            _guarded(method, route.path_format, next(_guards(route.dependant), None))
            for route in routes
            for method in route.methods or ()
        ),
        key=lambda each: (each.path, each.method),
    )


def _guarded(method: str, path: str, guard: Guard | None) -> GuardedRoute:
    return GuardedRoute(method, path, None if guard is None else guard.permission, isinstance(guard, ProofGuard))


def _guards(dependant: Dependant) -> Iterator[Guard]:
    for each in dependant.dependencies:
        if isinstance(each.call, Guard):
            yield each.call
        yield from _guards(each)


def as_markdown() -> str:
    """The table."""
    head = ["route", "permission", *Role, "key"]
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for route in guarded_routes():
        by_role = [_YES if route.lets_in(role) else _NO for role in Role]
        is_for_keys = route.permission is None or route.permission in KEY_SCOPES
        permission = "open" if route.permission is None else f"`{route.permission}`"
        permission += " and a proof" if route.needs_proof else ""
        cells = [f"`{route.method} {route.path}`", permission, *by_role, _YES if is_for_keys else _NO]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def replaced(page: str) -> str:
    """The page with the table of today between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{as_markdown()}\n\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/security.md")
    path.write_text(replaced(path.read_text(encoding="utf-8")), encoding="utf-8")
