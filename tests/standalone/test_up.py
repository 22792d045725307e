"""The state file of `up`, as other terminals see it."""

import json
from pathlib import Path

import psutil
import pytest

from core.errors import UserError
from core.home import Home, prepare_home
from standalone.up import announce, exclusive_up, find_up, stop_up


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


def test_it_is_found_while_it_runs(home: Home) -> None:
    assert find_up(home) is None
    with exclusive_up(home):
        announce(home, [])
        up = find_up(home)
        assert up is not None
        assert up.pid == psutil.Process().pid
    assert find_up(home) is None


def test_a_home_has_only_one(home: Home) -> None:
    with (
        exclusive_up(home),
        pytest.raises(UserError, match=r"is already up.*customer-analyzer down"),
        exclusive_up(home),
    ):
        pass


@pytest.mark.parametrize(
    "state",
    [
        {"pid": psutil.Process().pid, "created": 1.0, "servers": {}},
        {"pid": 2**22 + 1, "created": 1.0, "servers": {}},
        {"pid": "?", "created": 1.0, "servers": {}},
        {},
    ],
)
def test_what_a_killed_one_left_does_not_count(home: Home, state: dict[str, object]) -> None:
    home.up.write_text(json.dumps(state))
    assert find_up(home) is None
    assert stop_up(home) is None
