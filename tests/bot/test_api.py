"""Calls of the API: what is tried again, and what each failure becomes."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from bot import api as module
from bot.api import Api, ApiAway, ApiRefused


def asked(answer: Callable[[httpx.Request], httpx.Response]) -> dict[str, object]:
    """What a call comes to where the API answers so."""

    async def call() -> dict[str, object]:
        async with Api("http://api", "ca_key", 1.0, httpx.MockTransport(answer)) as api:
            return await api.subscription("a/b")

    return asyncio.run(call())


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_seconds: float) -> None:
        pass

    monkeypatch.setattr(module.asyncio, "sleep", sleep)


def test_the_key_and_the_id_travel_safely() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer ca_key"
        assert request.url.raw_path == b"/users/a%2Fb/subscription"
        return httpx.Response(200, json={"state": "none"})

    assert asked(answer) == {"state": "none"}


def test_a_busy_api_is_asked_once_more() -> None:
    answers = [httpx.Response(429, headers={"retry-after": "1"}), httpx.Response(200, json={"state": "none"})]
    assert asked(lambda _: answers.pop(0)) == {"state": "none"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(429, headers={"retry-after": "1"}),
        httpx.Response(503, headers={"retry-after": "600"}),
        httpx.Response(500),
    ],
)
def test_an_api_that_cannot_answer_is_away(answer: httpx.Response) -> None:
    with pytest.raises(ApiAway):
        asked(lambda _: answer)


def test_an_api_that_is_slow_or_gone_is_away() -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    with pytest.raises(ApiAway):
        asked(slow)


def test_a_refusal_is_none() -> None:
    with pytest.raises(ApiRefused) as refused:
        asked(lambda _: httpx.Response(404, json={"detail": "no such user"}))
    assert refused.value.status == 404
