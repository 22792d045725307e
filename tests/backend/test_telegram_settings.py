"""Which bot people sign in with."""

import pytest
from pydantic import SecretStr

from backend.auth.telegram import bot_of
from backend.errors import NotFound
from backend.settings import BackendSettings


def settings(token: str | None, bot_id: str = "") -> BackendSettings:
    return BackendSettings(
        warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse"),
        telegram_bot_token=None if token is None else SecretStr(token),
        telegram_bot_id=bot_id,
    )


def test_the_token_says_which_bot_it_is() -> None:
    assert (bot_of(settings("17:secret")).bot_id, bot_of(settings("17:secret")).token) == ("17", "17:secret")


def test_an_empty_token_signs_nothing() -> None:
    assert bot_of(settings("", "17")).token is None
    for token in (None, ""):
        with pytest.raises(NotFound):
            bot_of(settings(token))
