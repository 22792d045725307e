"""A user's id is recognised however it is written, and nothing else is taken for it."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privacy.spelling import mask, parameters, pattern, spellings


@pytest.mark.parametrize(
    ("user_id", "text", "masked"),
    [
        (
            "tg-8412993",
            "friend of tg-8412993, tg-84129930 and xtg-8412993",
            "friend of erased, tg-84129930 and xtg-8412993",
        ),
        ("84129931", '{"friend": 84129931}', '{"friend": 0}'),
        ("a&b 2024", "a&amp;b 2024 a%26b%202024 a&b 2024", "erased erased erased"),
        ("42", '42 {"user_id": 42} user_id=42 item 42', '42 {"user_id": 0} user_id=0 item 42'),
        ("anna", 'anna {\\"user_id\\": \\"anna\\"}', 'anna {\\"user_id\\": \\"erased\\"}'),
        ("2024-05-01", "on 2024-05-01", "on 2024-05-01"),
    ],
)
def test_mentions_are_masked(user_id: str, text: str, masked: str) -> None:
    assert mask(user_id, text) == masked


@given(st.text(min_size=1), st.text(), st.text())
@example("50%_1", "", "")
@example("C:\\1234", "", "")
def test_what_is_masked_contains_a_spelling(user_id: str, before: str, after: str) -> None:
    """The quick look for a fixed text misses nothing that the pattern finds."""
    for text in (f"{before}{user_id}{after}", json.dumps({"user_id": user_id, before: after})):
        if re.search(pattern(user_id), text):
            assert any(spelled in text for spelled in spellings(user_id))
            assert any(is_like(text, like) for like in parameters(user_id)["likes"])  # type: ignore[attr-defined]


def is_like(text: str, like: str) -> bool:
    """SQL's `like`, for patterns that begin and end with a percent sign and escape what is special between them."""
    return re.sub(r"\\(.)", r"\1", like[1:-1], flags=re.DOTALL) in text
