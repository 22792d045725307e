"""Postgres stopped at once in the middle of each step: started again and run again, nothing can be told apart.

Belongs here: an outage of the server alone. Not: a full disk (`test_disk`) or killed processes (`test_dagster`).
"""

from collections.abc import Collection, Iterator

import psycopg
import pytest

from orchestration.errors import OperationError
from orchestration.events.errors import ImportStoppedError
from orchestration.platform.postgres import keep_running
from orchestration.platform.stack import Platform, running_platform
from tests.integration.conftest import own_settings
from tests.integration.faults.shop import Shop, stopped_in_the_middle


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own, since others would not like what happens to it."""
    with running_platform(own_settings(tmp_path_factory.mktemp("stopped") / "home")) as running:
        with running.server.connect("postgres", autocommit=True) as connection:
            # One call at a start after a crash instead of one for each of some thousand files.
            connection.execute("alter system set recovery_init_sync_method = 'syncfs'")
        yield running


@pytest.fixture(scope="module")
def shop(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop on the evening before its last day, of which there is a copy."""
    shop = Shop(platform.warehouse_url, tmp_path_factory.mktemp("shop"))
    shop.write(users=30)
    shop.live_until_the_last_day()
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("create database evening template warehouse")
    return shop


@pytest.fixture(scope="module")
def undisturbed(platform: Platform, shop: Shop) -> dict[str, str]:
    """The shop's tables after a last day on which nothing happened."""
    for step in shop.steps():
        step.run()
    return shop.checksums()


def back_to_the_evening(platform: Platform) -> None:
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("drop database warehouse with (force)")
        connection.execute("create database warehouse template evening")
        # Until then a copied sequence would give numbers again that it gave before a crash, whoever copied it.
        connection.execute("checkpoint")


def connections(platform: Platform) -> list[str]:
    """Who is connected, but for who asks."""
    with platform.server.connect("postgres") as connection:
        asked = "select application_name || ': ' || query from pg_stat_activity where backend_type = 'client backend'"
        return [str(who) for (who,) in connection.execute(f"{asked} and pid <> pg_backend_pid()").fetchall()]


def stopped_day(platform: Platform, shop: Shop, stopped_in: Collection[str], *, again_from_the_start: bool) -> None:
    """Lives through the last day; Postgres is stopped in some steps, and then each, or all up to it, run again."""
    steps = shop.steps()
    for number, step in enumerate(steps):
        if step.name in stopped_in:
            refused = (ImportStoppedError, OperationError, psycopg.OperationalError)
            with stopped_in_the_middle(platform.home, step, shop.url) as stopped, pytest.raises(refused):
                step.run()
            assert stopped.is_set(), f"{step.name} never came to write to {step.table}"
            assert keep_running(platform.home) == platform.server.port
            assert connections(platform) == []
            for earlier in steps[:number] if again_from_the_start else ():
                earlier.run()
        step.run()


def test_stopped_in_some_steps_and_run_again_it_is_as_if_nothing_happened(
    platform: Platform, shop: Shop, undisturbed: dict[str, str]
) -> None:
    back_to_the_evening(platform)
    some = ("import", "contract check", "int_user_daily", "user_features", "daily_activity")
    stopped_day(platform, shop, some, again_from_the_start=False)
    assert shop.checksums() == undisturbed
    assert connections(platform) == []


@pytest.mark.soak
def test_stopped_in_every_step_and_run_again_from_the_start(
    platform: Platform, shop: Shop, undisturbed: dict[str, str]
) -> None:
    for step in shop.steps():
        back_to_the_evening(platform)
        stopped_day(platform, shop, [step.name], again_from_the_start=True)
        for later in shop.steps():
            later.run()
        assert shop.checksums() == undisturbed, step.name
