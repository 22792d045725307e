"""Passwords: length counts, and a hash fits one password alone."""

import pytest

from backend.accounts.passwords import fault_of, fits, hashed, is_outdated

GOOD = "a long sentence nobody guesses"


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", "must have 12 to 256 characters"),
        ("x" * 257, "must have 12 to 256 characters"),
        ("abababababab", "repeats the same few characters"),
        ("ANNA and a few more letters", "contains the e-mail address"),
        (GOOD, None),
        ("пароль из длинных слов", None),
    ],
)
def test_what_is_good_enough(password: str, fault: str | None) -> None:
    assert fault_of(password, "anna@shop.example") == fault


def test_a_hash_fits_its_password_alone() -> None:
    stored = hashed(GOOD)
    assert fits(GOOD, stored)
    assert not fits(GOOD + " ", stored)
    assert not fits("nobody has this password", None)
    assert not fits(GOOD, "not a hash")
    assert stored != hashed(GOOD)
    assert not is_outdated(stored)
    assert is_outdated(stored.replace("t=3", "t=1"))
