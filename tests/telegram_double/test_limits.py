"""Rate limits: no window of any place holds more than is allowed, and what is told to wait may then be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegram_double.errors import BotApiError
from telegram_double.limits import Limits, Rates


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 3)), max_size=200))
def test_no_second_holds_more_than_is_allowed(moves: list[tuple[float, int]]) -> None:
    clock = Clock()
    limits = Limits(Rates(per_second=5, per_chat_second=2), clock)
    accepted: list[tuple[float, int]] = []
    for seconds, chat_id in moves:
        clock.now += seconds
        try:
            limits.spend(chat_id)
        except BotApiError as error:
            assert (error.code, error.parameters["retry_after"]) == (429, 1)
        else:
            accepted.append((clock.now, chat_id))
    for at, chat in accepted:
        window = [one for moment, one in accepted if at - 1 < moment <= at]
        assert len(window) <= 5
        assert window.count(chat) <= 2


def test_a_group_gets_20_a_minute_and_then_is_told_how_long_to_wait() -> None:
    clock = Clock()
    limits = Limits(Rates(), clock)
    for _ in range(20):
        limits.spend(-5)
        clock.now += 1
    with pytest.raises(BotApiError) as refused:
        limits.spend(-5)
    assert refused.value.body == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 40",
        "parameters": {"retry_after": 40},
    }
    clock.now += 40
    limits.spend(-5)


def test_what_is_refused_does_not_count() -> None:
    clock = Clock()
    limits = Limits(Rates(), clock)
    limits.spend(1)
    for _ in range(10):
        with pytest.raises(BotApiError):
            limits.spend(1)
    clock.now += 1
    limits.spend(1)
