"""The HTTP routes: the Bot API below `/bot<token>/`, files, the page, what the page does (`/double/...`), sign-in.

The page's routes ask nobody who they are: the double listens on loopback, and takes requests for no other host name.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telegram_double import control
from telegram_double.delivery import Polling, post_updates
from telegram_double.errors import BotApiError, bad_request, not_found, unauthorized
from telegram_double.faults import Faults
from telegram_double.methods import METHODS
from telegram_double.parameters import Parameters, Upload, number, structure
from telegram_double.settings import DoubleSettings
from telegram_double.sign_in import SignIn, sign_in_routes
from telegram_double.world import User, World

_PAGE = Path(__file__).parent / "page"
_KINDS = {"index.html": "text/html", "chat.js": "text/javascript", "chat.css": "text/css"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_WAIT_SECONDS = 25.0

Handler = Callable[[Request], Awaitable[Response]]


def create_app(settings: DoubleSettings | None = None) -> Starlette:
    """The double. Without `settings` it reads its environment."""
    chosen = settings or DoubleSettings()
    world = World(chosen.token.get_secret_value(), chosen.rates, chosen.users_file)
    double = _Double(world)
    secret = chosen.client_secret
    bot_id = world.token.partition(":")[0]
    provider = None if secret is None else SignIn(bot_id, secret.get_secret_value(), world.users.values)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        posting = asyncio.create_task(post_updates(world))
        yield
        posting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await posting

    return Starlette(
        routes=[
            Route("/", double.page),
            Route("/page/{name}", double.page),
            Route("/double/state", double.state),
            Route("/double/sends", double.sends),
            Route("/double/file/{file_id}", double.shown_file),
            Route("/double/{action}", double.act, methods=["POST"]),
            Route("/file/bot{token}/{path:path}", double.file),
            Route("/bot{token}/{method}", double.call, methods=["GET", "POST"]),
            *([] if provider is None else sign_in_routes(provider)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])],
        exception_handlers={404: _nothing_here, BotApiError: _refused},
        lifespan=lifespan,
    )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BotApiError)  # noqa: S101 - registered for it alone
    return JSONResponse(error.body, error.code)


async def _nothing_here(_request: Request, _error: Exception) -> Response:
    return JSONResponse(not_found().body, 404)


class _Double:
    """The routes of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._polling = Polling(world)
        self._faults = Faults()

    async def call(self, request: Request) -> Response:
        """One method of the Bot API."""
        self._demand_token(request)
        method = request.path_params["method"].lower()
        given = await _parameters(request)
        if method == "getupdates":
            updates = await self._polling.updates(
                number(given, "offset"),
                number(given, "limit", 100),
                number(given, "timeout"),
                structure(given, "allowed_updates"),
            )
            return JSONResponse({"ok": True, "result": updates})
        if method not in METHODS:
            raise not_found("method not found")
        fault = self._faults.next(method)
        if fault is not None and not fault.is_done:
            return await fault.answer()
        result = METHODS[method](self._world, given)
        return JSONResponse({"ok": True, "result": result}) if fault is None else await fault.answer(result)

    async def file(self, request: Request) -> Response:
        """A file's content."""
        self._demand_token(request)
        return self._file(request.path_params["path"].split("/")[1:2])

    async def shown_file(self, request: Request) -> Response:
        """A file's content, for the page, which has no token."""
        return self._file([request.path_params["file_id"]])

    async def page(self, request: Request) -> Response:
        """The page, its script and its style."""
        name = request.path_params.get("name", "index.html")
        if name not in _KINDS:
            raise not_found()
        return Response((_PAGE / name).read_bytes(), headers=_HEADERS, media_type=_KINDS[name])

    async def state(self, request: Request) -> Response:
        """What the page shows of one user: answered at once, or when something has changed after `revision`."""
        world = self._world
        if request.query_params.get("revision") == str(world.revision):
            await world.wait(_WAIT_SECONDS)
        user_id = int(request.query_params.get("user_id", "0"))
        chat_id = int(request.query_params.get("chat_id", user_id))
        shown = {
            "revision": world.revision,
            "bot": world.bot,
            "users": [asdict(user) for user in list(world.users.values())[:50]],
            "groups": [{"id": group_id, "title": title} for group_id, title in world.groups.items()],
            "commands": world.commands,
            "asks_reply_to": world.chat(chat_id).asks_reply_to if world.chat_json(chat_id) else None,
            "messages": list(world.chat(chat_id).messages.values()) if world.chat_json(chat_id) else [],
        }
        return JSONResponse(shown, headers=_HEADERS)

    async def sends(self, request: Request) -> Response:
        """The messages that were accepted from the bot, oldest first, from place `after` on."""
        after = int(request.query_params.get("after", "0"))
        return JSONResponse([asdict(each) for each in list(self._world.sends)[after:]])

    async def act(self, request: Request) -> Response:
        """What a person does in the page, or a test."""
        # A page of another site can send a form here, but no JSON.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise bad_request("send JSON")
        given = await request.json()
        action = request.path_params["action"]
        if action not in _ACTIONS:
            raise not_found("action not found")
        try:
            done = _ACTIONS[action](self._world, self._faults, given)
        except (KeyError, TypeError, ValueError) as error:
            raise bad_request(f"{action}: {type(error).__name__} {error}") from None
        return JSONResponse({"ok": True, "result": done})

    def _file(self, ids: list[str]) -> Response:
        if not ids or ids[0] not in self._world.files:
            raise not_found()
        name, content = self._world.files[ids[0]]
        safe = "".join(sign for sign in name if sign.isalnum() or sign in "._-") or "file"
        headers = _HEADERS | {"content-disposition": f'attachment; filename="{safe}"'}
        return Response(content, headers=headers, media_type="application/octet-stream")

    def _demand_token(self, request: Request) -> None:
        if request.path_params["token"] != self._world.token:
            raise unauthorized()


def _add_user(world: World, _faults: Faults, given: Any) -> Any:
    user = User(int(given["id"]), str(given["first_name"]), str(given.get("language_code", "en")))
    return asdict(world.add_user(user))


_ACTIONS: dict[str, Callable[[World, Faults, Any], Any]] = {
    "user": _add_user,
    "users": lambda world, _, given: control.add_users(
        world, int(given["first_id"]), int(given["count"]), str(given.get("language_code", "en"))
    ),
    "write": lambda world, _, given: control.write(
        world, given["user_id"], str(given["text"]), chat_id=given.get("chat_id"), reply_to=given.get("reply_to")
    ),
    "edit": lambda world, _, given: control.edit(world, given["user_id"], given["message_id"], str(given["text"])),
    "press": lambda world, _, given: control.press(
        world, given["user_id"], given["message_id"], str(given["data"]), chat_id=given.get("chat_id")
    ),
    "block": lambda world, _, given: control.block(world, given["user_id"], has_blocked=bool(given["has_blocked"])),
    "group": lambda world, _, given: control.add_to_group(
        world, given["user_id"], int(given["group_id"]), str(given["title"])
    ),
    "update": lambda world, _, given: world.add_update(str(given["kind"]), dict(given["content"])),
    "fault": lambda _, faults, given: faults.add(
        str(given["method"]), int(given["count"]), str(given["kind"]), float(given.get("seconds", 0))
    ),
}


async def _parameters(request: Request) -> Parameters:
    """The parameters of a call, which may come in the query, as a form, with files, or as JSON."""
    given: dict[str, Any] = dict(request.query_params)
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type == "application/json":
        body = await request.json()
        return given | (body if isinstance(body, dict) else {})
    if request.method == "POST":
        async with request.form(max_part_size=50 * 1024 * 1024) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    given[name] = Upload(value.filename or "file", await value.read())
                else:
                    given[name] = value
    # A file may be uploaded under another name, to which its parameter points.
    for name, value in list(given.items()):
        if isinstance(value, str) and value.startswith("attach://"):
            given[name] = given.get(value.removeprefix("attach://"))
    return given
