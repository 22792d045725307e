"""Secrets that are planted in a text are not in it afterwards; what is no secret stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import masking
from core.api_keys import new_key
from core.masking import MASK, masked

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MjQyIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"
BOT = "1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-x"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("the key ca_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT is known", "0aB1cD2eF3gH4iJ5"),
        (f"Authorization: Bearer {JWT}", JWT),
        ("authorization: bearer 0123456789abcdef", "0123456789abcdef"),
        ("Authorization: Basic YW5uYTpzZWNyZXQ=", "YW5uYTpzZWNyZXQ"),
        (f"POST https://api.telegram.org/bot{BOT}/sendMessage", BOT),
        ("postgresql://pipeline:hunter2secret@db:5432/warehouse", "hunter2secret"),
        ("connection failed: password=hunter2secret host=db", "hunter2secret"),
        (json.dumps({"password": "hunter2secret"}), "hunter2secret"),
        (json.dumps({"message": json.dumps({"api_key": "hunter2secret"})}), "hunter2secret"),
        ("secret: hunter2secret", "hunter2secret"),
        ("GET /callback?access_token=hunter2secret&state=1", "hunter2secret"),
        ("anna.petrova+shop@mail.example.org left", "anna.petrova"),
        ("call +7 (912) 345-67-89 now", "345-67-89"),
        (json.dumps({"message": "from\nanna@example.org"}), "anna@"),
        ("call 8 (912) 345-67-89 now", "345-67-89"),
        (json.dumps({"message": "call\n+79123456789"}), "79123456789"),
        (json.dumps({"message": "the key is\tca_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT"}), "0aB1cD2eF3gH4iJ5"),
        (json.dumps({"message": f"the token is\n{JWT}"}), JWT),
    ],
)
def test_a_planted_secret_is_gone(text: str, secret: str) -> None:
    assert secret in text
    found = masked(text)
    assert MASK in found
    assert secret not in found


@pytest.mark.parametrize(
    "text",
    [
        "GET /users/{user_id} 200",
        "2026-03-01T12:00:00.123Z the token is not valid; sign in again",
        '{"@timestamp":"2026-03-01T12:00:00Z","log.level":"info","trace.id":"4bf92f3577b34da6a3ce929d0e0e4736"}',
        "http://127.0.0.1:8000/docs 0.123456789 12345678901234567890",
        "account:7f1d2c34-0000-4000-8000-1234567890ab key:7",
        "postgresql://pipeline@127.0.0.1:5432/warehouse",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def test_a_key_and_a_refresh_token_of_ours_are_known() -> None:
    assert masked(new_key()) == MASK
    assert masked(new_key().replace("ca_", "car_")) == MASK


def test_a_line_of_json_stays_json() -> None:
    message = f'password="hunter2secret" at https://a:b12345@c/ by {BOT}\nanna@example.org\x01anna@example.org'
    line = json.dumps({"message": message, "n": 1})
    assert json.loads(masked(line))["n"] == 1
    assert "hunter2secret" not in masked(line)


@given(st.text(alphabet="ca_r1+8 (-)@.:/eyJtokensecr=Bb\\n", max_size=60))
def test_looking_for_what_is_suspicious_first_changes_nothing(text: str) -> None:
    assert masked(text) == masking._SECRETS.sub(MASK, text)
