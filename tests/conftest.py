"""What holds for every test: made-up cases are the same in each run, and a busy machine fails none for being slow.

`--midnight DAY` shows that no test depends on the day it runs on: modules are imported and fixtures made on the eve of
DAY, and each test itself begins with DAY. Only pytest's own processes believe it; those that a test starts do not.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from hypothesis import settings

from ml import kinds
from tests.system import SystemTests

settings.register_profile("repeatable", max_examples=40, derandomize=True, deadline=None)
settings.load_profile("repeatable")

_SOAK_SECONDS = 3 * 3600
_CLOCK = pytest.StashKey[time_machine.Traveller]()
_EVE = timedelta(minutes=5)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, where a test may install packages that add kinds of models; forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    kinds._added.cache_clear()
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_models"]:
        del sys.modules[name]
    kinds._added.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What may be chosen for a run of the tests."""
    parser.addoption(
        "--midnight",
        metavar="DAY",
        type=lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC),
        help="run every test across the beginning of this day, in UTC",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Sets the clock before our modules are imported: a date made at import time is then of the day before."""
    config.pluginmanager.register(SystemTests())
    midnight = config.getoption("midnight")
    if midnight is not None:
        clock = time_machine.travel(midnight - _EVE)
        config.stash[_CLOCK] = clock.start()
        config.add_cleanup(clock.stop)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """It is the eve again when the fixtures of a test are made."""
    _turn_clock(item.config, -_EVE)


def pytest_runtest_call(item: pytest.Item) -> None:
    """It is midnight when the test itself begins."""
    _turn_clock(item.config, timedelta())


def _turn_clock(config: pytest.Config, from_midnight: timedelta) -> None:
    if _CLOCK in config.stash:
        config.stash[_CLOCK].move_to(config.getoption("midnight") + from_midnight)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long test may take long: what bounds the others is there to end one that hangs."""
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(_SOAK_SECONDS))
