"""The calls of the backend API that the bot makes.

Belongs here: one method a call, and what becomes of a failure. Nothing is answered from here: a call returns the API's
JSON, or raises ApiAway (wait and try again) or ApiRefused (trying again changes nothing).
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from bot.timing import spending

Json = dict[str, Any]

MOST_WAIT_SECONDS = 5.0
"""How long a call waits when the API says that it is asked too much."""


class ApiAway(Exception):
    """The API does not answer, or not now."""


class ApiRefused(Exception):
    """The API understood, and refused."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(f"{status}: {detail}")


class Api:
    """The API with the bot's key; a block is the time in which it is open."""

    def __init__(
        self,
        url: str,
        key: str,
        seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`headers` says what each request carries besides, such as the trace it belongs to."""
        self._headers = headers
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {key}"},
            timeout=seconds,
            transport=transport,
            # The API is on this machine or in this network, where no proxy leads.
            trust_env=False,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=50),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def store_updates(self, updates: list[Json]) -> None:
        """Stores what polling brought; updates that are known already change nothing."""
        await self._call("POST", "/telegram/updates", json={"updates": updates})

    async def take_updates(self, limit: int, wait_seconds: float) -> list[Json]:
        """Takes updates to be handled, waiting for the first one."""
        asked = {"limit": limit, "wait_seconds": wait_seconds}
        found = await self._call("POST", "/telegram/updates/take", json=asked, extra_seconds=wait_seconds)
        return list(found["updates"])

    async def mark_handled(self, update_id: int, outcome: str, events: list[Json]) -> None:
        """Says that an update needs nothing any more, and stores the answers to it as events."""
        body = {"outcome": outcome, "events": events}
        await self._call("POST", f"/telegram/updates/{update_id}/handled", json=body)

    async def store_events(self, events: list[Json]) -> None:
        """Stores events; each has an id, so repeating it changes nothing."""
        await self._call("POST", "/events", json=events)

    async def event_answered(self, event: Json, addressee: Json) -> Json:
        """Stores an event, and gives the personal answer to it."""
        return await self._call("POST", "/telegram/event", json={**event, "addressee": addressee})

    async def take_slot(self, chat_id: int) -> tuple[bool, float]:
        """Whether a reply to this chat is granted a place in the budget of all senders, and how long to wait."""
        slot = await self._call("POST", "/telegram/slots", json={"chat_id": chat_id})
        return bool(slot["is_granted"]), float(slot["wait_seconds"])

    async def report_flood(self, seconds: float) -> None:
        """Says that Telegram has asked to wait, so that nobody else sends either."""
        await self._call("POST", "/telegram/slots/floods", json={"retry_after_seconds": seconds})

    async def recommendations(self, user_id: str, limit: int) -> list[Json]:
        """What may be offered to a user."""
        found = await self._call("GET", f"{user_path(user_id)}/recommendations", params={"limit": limit})
        return list(found["recommendations"])

    async def orders(self, user_id: str, limit: int) -> tuple[list[Json], bool]:
        """A user's newest orders, and whether there are older ones."""
        found = await self._call("GET", f"{user_path(user_id)}/orders", params={"limit": limit})
        return list(found["orders"]), found["next_cursor"] is not None

    async def subscription(self, user_id: str) -> Json:
        """What a user has chosen about messages."""
        return await self._call("GET", f"{user_path(user_id)}/subscription")

    async def change_subscription(self, user_id: str, chat_id: int, **change: Any) -> Json:
        """Passes on what a user chooses; the chat is registered where it was not known."""
        body = {"chat_id": chat_id, **change}
        return await self._call("PATCH", f"{user_path(user_id)}/subscription", json=body)

    async def add_feedback(self, given: Json) -> None:
        """Puts stars or words into the shop's inbox."""
        await self._call("POST", "/telegram/feedback", json=given)

    async def take_answers(self, limit: int) -> list[Json]:
        """Answers of the shop to feedback, to be sent now, each once."""
        found = await self._call("POST", "/telegram/answers/take", json={"limit": limit})
        return list(found["answers"])

    async def finish_answer(self, feedback_id: str, outcome: Json) -> None:
        """Says how sending such an answer went."""
        await self._call("POST", f"/telegram/answers/{feedback_id}/outcome", json=outcome)

    async def ask_for_export(self, user_id: str) -> str:
        """Asks for all that is held about a user; the job's id."""
        return str((await self._call("POST", f"{user_path(user_id)}/exports"))["job_id"])

    async def export(self, job_id: str) -> bytes | None:
        """The text of an export; None while it is not done."""
        try:
            return (await self._answer("GET", f"/jobs/{job_id}/export", 60, {})).content
        except ApiRefused as refused:
            if refused.status == HTTPStatus.CONFLICT:
                return None
            raise

    async def ask_for_erasure(self, user_id: str) -> None:
        """Asks for a user to be erased everywhere, for good."""
        await self._call("POST", f"{user_path(user_id)}/erasures")

    async def _call(self, method: str, path: str, *, extra_seconds: float = 0, **more: Any) -> Json:
        answer = await self._answer(method, path, extra_seconds, more)
        return dict(answer.json()) if answer.content else {}

    async def _answer(self, method: str, path: str, extra_seconds: float, more: Json) -> httpx.Response:
        timeout = (self._client.timeout.read or 0) + extra_seconds
        for is_last in (False, True):
            try:
                with spending("api"):
                    answer = await self._client.request(
                        method, path, timeout=timeout, headers=dict(self._headers()), **more
                    )
            except httpx.HTTPError as error:
                raise ApiAway(type(error).__name__) from error
            if answer.is_success:
                return answer
            if answer.status_code not in (429, 503):
                break
            wait = _retry_after(answer)
            if is_last or wait > MOST_WAIT_SECONDS:
                raise ApiAway(f"status {answer.status_code}")
            await asyncio.sleep(wait)
        if answer.status_code >= 500:
            raise ApiAway(f"status {answer.status_code}")
        raise ApiRefused(answer.status_code, _detail(answer))


def user_path(user_id: str) -> str:
    """The path of a user, whatever the id contains."""
    return f"/users/{quote(user_id, safe='')}"


def _retry_after(answer: httpx.Response) -> float:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdecimal() else 1.0


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", ""))
    except (ValueError, AttributeError):
        return ""
