"""`/dashboard`: the built pages, and what a browser may do with them.

Belongs here: the headers of pages, and which file answers which address. Does not belong here: the pages (`web/`, which
`make web` builds into `built/` beside this module).
"""

import secrets
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILT = Path(__file__).parent / "built"
PREFIX = "/dashboard"

_SHELL = "index.html"
_NONCE = "%nonce%"
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        # The interface's library makes style elements, which bear the nonce of the page.
        f"style-src 'self' 'nonce-{_NONCE}'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_NOT_BUILT = "The dashboard's pages are not built: run `make web`."
_MANIFEST = "application/manifest+json"
_HASHED = "public, max-age=31536000, immutable"


class _Assets(StaticFiles):
    """Files whose name changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year."""
        answer = await super().get_response(path, scope)
        if answer.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            answer.headers["cache-control"] = _HASHED
        return answer


def mount_pages(app: FastAPI, built: Path = BUILT) -> None:
    """Adds the pages to the application. Every address that is not a file is the application of the browser."""

    async def page(request: Request) -> Response:
        file = built / str(request.path_params["path"])
        if file.parent == built and file.name != _SHELL and file.is_file():
            media_type = _MANIFEST if file.suffix == ".webmanifest" else None
            return FileResponse(file, headers={"cache-control": "no-cache"}, media_type=media_type)
        shell = built / _SHELL
        if not shell.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND, _NOT_BUILT)
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(
            shell.read_text(encoding="utf-8").replace(_NONCE, nonce),
            headers={"content-security-policy": _POLICY.replace(_NONCE, nonce), "cache-control": "no-cache"},
        )

    async def to_pages(_request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/")

    pages = Router(
        routes=[
            Mount("/assets", _Assets(directory=built / "assets", check_dir=False)),
            Route("/{path:path}", page),
        ]
    )
    app.router.routes.append(Route("/", to_pages))
    app.router.routes.append(Mount(PREFIX, GZipMiddleware(pages, minimum_size=1000)))
