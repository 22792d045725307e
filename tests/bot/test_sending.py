"""What Telegram's refusals mean: what was certainly not sent is sent again, what may have been sent is not."""

import asyncio
from collections.abc import Sequence

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from bot import sending
from bot.sending import ATTEMPTS, NotSent, Unreachable, sent


class Telegram:
    """Answers call after call with errors, then with 7."""

    def __init__(self, errors: Sequence[Exception]) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes time."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(sending.asyncio, "sleep", sleep)
    return made


@pytest.mark.parametrize(
    "error",
    [RetryAfter(3), NetworkError("Bad Gateway"), NetworkError("httpx.ConnectError: refused")],
)
def test_what_was_not_sent_is_sent_again(error: Exception, waits: list[float]) -> None:
    telegram = Telegram([error, error])
    assert asyncio.run(sent(telegram)) == 7
    assert (telegram.calls, len(waits)) == (3, 2)


def test_the_wait_that_telegram_asks_for_is_kept(waits: list[float]) -> None:
    asyncio.run(sent(Telegram([RetryAfter(3)])))
    assert 3 <= waits[0] <= 3.6


@pytest.mark.parametrize("error", [TimedOut(), NetworkError("httpx.ReadError"), BadRequest("message is too long")])
def test_what_may_have_been_sent_or_never_can_be_is_not_sent_again(error: Exception) -> None:
    telegram = Telegram([error])
    with pytest.raises(NotSent):
        asyncio.run(sent(telegram))
    assert telegram.calls == 1


def test_who_has_blocked_the_bot_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        asyncio.run(sent(Telegram([Forbidden("bot was blocked by the user")])))


def test_trying_ends() -> None:
    telegram = Telegram([NetworkError("Bad Gateway")] * 10)
    with pytest.raises(NotSent):
        asyncio.run(sent(telegram))
    assert telegram.calls == ATTEMPTS
    with pytest.raises(NotSent):
        asyncio.run(sent(Telegram([RetryAfter(3600)])))
