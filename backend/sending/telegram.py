"""The one call of the Bot API that campaigns need, and what its answers mean.

Belongs here: the request, and whether a message is sent, certainly not sent, or nobody knows. Does not belong here:
what follows from that (`sender`).

Telegram has no key by which it would know a message again. So only what was certainly not taken may be sent again.
"""

import contextlib
import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import httpx
from pydantic import SecretStr

Meaning = Literal["sent", "blocked", "moved", "flood", "refused", "retry", "unknown", "no_bot"]

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=40, keepalive_expiry=50.0)
_NO_CHAT = ("chat not found", "user is deactivated", "bot was kicked", "peer_id_invalid")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message.

    `sent`: Telegram has it (`message_id`). `blocked`: the chat takes no messages. `moved`: the group is `chat_id` now.
    `flood`: nobody may send for `seconds`. `refused`: Telegram never takes it. `retry`: certainly not taken, and may
    be later. `unknown`: nobody knows. `no_bot`: Telegram does not know the bot's token.
    """

    meaning: Meaning
    reason: str = ""
    message_id: int = 0
    chat_id: int = 0
    seconds: float = 0.0


class Telegram:
    """The Bot API at an address; a block is the time in which it is called."""

    def __init__(self, url: str, token: SecretStr) -> None:
        # httpx logs addresses, and the token is part of them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._path = f"/bot{token.get_secret_value()}"
        self._client = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, limits=_LIMITS)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def connect(self) -> None:
        """Opens a connection, so that the first message is not later than those that follow it."""
        with contextlib.suppress(httpx.HTTPError):
            await self._client.get(f"{self._path}/getMe")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def send(self, chat_id: int, text: str, button: dict[str, str] | None = None) -> Answer:
        """Sends a text, with a button below it where one is given (`text` and `url`)."""
        message: dict[str, Any] = {"chat_id": chat_id, "text": text}
        if button is not None:
            message["reply_markup"] = {"inline_keyboard": [[button]]}
        try:
            response = await self._client.post(f"{self._path}/sendMessage", json=message)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Answer("retry", f"Telegram cannot be reached: {type(error).__name__}")
        except httpx.HTTPError as error:
            return Answer("unknown", f"the answer was lost: {type(error).__name__}")
        return meaning_of(response.status_code, _json(response))


def meaning_of(status: int, body: dict[str, Any]) -> Answer:
    """What an answer of the Bot API means."""
    reason = str(body.get("description") or f"HTTP {status}")
    more = body.get("parameters") or {}
    if status == httpx.codes.OK and body.get("ok"):
        return Answer("sent", message_id=int(body["result"]["message_id"]))
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Answer("flood", reason, seconds=float(more.get("retry_after", 1)))
    if "migrate_to_chat_id" in more:
        return Answer("moved", reason, chat_id=int(more["migrate_to_chat_id"]))
    return Answer(_refusal(status, reason), reason)


def _refusal(status: int, reason: str) -> Meaning:
    if status == httpx.codes.FORBIDDEN or any(sign in reason.lower() for sign in _NO_CHAT):
        return "blocked"
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND):
        return "no_bot"
    # A gateway that gave up waiting cannot know what became of the request behind it, and an answer that says neither
    # yes nor no leaves it open too.
    if status == httpx.codes.GATEWAY_TIMEOUT or status < httpx.codes.BAD_REQUEST:
        return "unknown"
    return "retry" if status >= httpx.codes.INTERNAL_SERVER_ERROR else "refused"


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
