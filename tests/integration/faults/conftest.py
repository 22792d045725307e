"""A platform that only the tests of faults use, and a shop on it on the evening before its last day."""

from collections.abc import Iterator

import pytest

from standalone.stack import Platform, running_platform
from tests.integration.conftest import own_settings
from tests.integration.faults.shop import Shop


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of these tests' own: its Postgres is stopped while it writes, and its disk is full."""
    with running_platform(own_settings(tmp_path_factory.mktemp("stopped") / "home")) as running:
        with running.server.connect("postgres", autocommit=True) as connection:
            # One call at a start after a crash instead of one for each of some thousand files.
            connection.execute("alter system set recovery_init_sync_method = 'syncfs'")
        yield running


@pytest.fixture(scope="session")
def shop(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop on the evening before its last day, of which there is a copy."""
    shop = Shop(platform.warehouse_url, tmp_path_factory.mktemp("shop"))
    shop.write(users=30)
    shop.live_until_the_last_day()
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("create database evening template warehouse")
    return shop


@pytest.fixture(scope="session")
def undisturbed(platform: Platform, shop: Shop) -> dict[str, str]:
    """The shop's tables after a last day on which nothing happened."""
    for step in shop.steps():
        step.run()
    return shop.checksums()
