"""API keys as text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.api_keys import digest_of, is_mistyped, new_key

KEY = new_key()


def test_keys_are_long_and_never_the_same() -> None:
    assert re.fullmatch(r"ca_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", KEY)
    assert new_key() != KEY
    assert len(digest_of(KEY)) == 32


@given(st.integers(3, len(KEY) - 1), st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]))
def test_one_wrong_character_is_noticed(place: int, other: str) -> None:
    mistyped = KEY[:place] + other + KEY[place + 1 :]
    is_of_the_shape = place != KEY.rindex("_")
    assert is_mistyped(mistyped) == (mistyped != KEY and is_of_the_shape)


def test_keys_of_earlier_versions_are_looked_up() -> None:
    assert not is_mistyped("ca_" + "x" * 43)
    assert not is_mistyped("")
