"""What Telegram's answers mean: sent, certainly not sent, or nobody knows."""

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from backend.sending.telegram import Answer, Telegram, meaning_of


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, {"ok": True, "result": {"message_id": 7}}, "sent"),
        (403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}, "blocked"),
        (400, {"ok": False, "description": "Bad Request: chat not found"}, "blocked"),
        (400, {"ok": False, "description": "Bad Request: message is too long"}, "refused"),
        (401, {"ok": False, "description": "Unauthorized"}, "no_bot"),
        (404, {"ok": False, "description": "Not Found"}, "no_bot"),
        (500, {}, "retry"),
        (502, {}, "retry"),
        (504, {}, "unknown"),
        (200, {}, "unknown"),
    ],
)
def test_an_answer_says_whether_the_message_may_be_sent_again(status: int, body: dict[str, Any], meaning: str) -> None:
    assert meaning_of(status, body).meaning == meaning


def test_what_telegram_asks_for_is_read() -> None:
    flood = {"ok": False, "description": "Too Many Requests: retry after 17", "parameters": {"retry_after": 17}}
    assert meaning_of(429, flood).seconds == 17
    moved = {"ok": False, "description": "group upgraded", "parameters": {"migrate_to_chat_id": -1007}}
    assert meaning_of(400, moved) == Answer("moved", "group upgraded", chat_id=-1007)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (httpx.ConnectError("refused"), "retry"),
        (httpx.ConnectTimeout("late"), "retry"),
        (httpx.ReadTimeout("late"), "unknown"),
        (httpx.RemoteProtocolError("gone"), "unknown"),
    ],
)
def test_only_what_never_left_may_be_sent_again(
    monkeypatch: pytest.MonkeyPatch, error: httpx.HTTPError, meaning: str
) -> None:
    async def post(*_: Any, **__: Any) -> httpx.Response:
        raise error

    async def answer() -> Answer:
        async with Telegram("http://127.0.0.1:1", SecretStr("123:secret")) as telegram:
            monkeypatch.setattr(telegram._client, "post", post)
            return await telegram.send(7, "Hello!")

    given = asyncio.run(answer())
    assert given.meaning == meaning
    assert "secret" not in given.reason
