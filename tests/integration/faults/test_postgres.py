"""Postgres stopped at once in the middle of each step: started again and run again, nothing can be told apart.

Belongs here: an outage of the server alone. Not: a full disk (`test_disk`) or killed processes (`test_dagster`).
"""

from collections.abc import Collection

import dagster as dg
import psycopg
import pytest

from core.errors import OperationError
from ingestion.errors import ImportStoppedError
from standalone.stack import Platform
from tests.integration.conftest import command
from tests.integration.faults.shop import (
    HORIZON,
    Shop,
    Step,
    back_to_the_evening,
    connections,
    start_again,
    stopped_in_the_middle,
)


def stopped_day(platform: Platform, shop: Shop, stopped_in: Collection[str], *, again_from_the_start: bool) -> None:
    """Lives through the last day; Postgres is stopped in some steps, and then each, or all up to it, run again."""
    steps = shop.steps()
    for number, step in enumerate(steps):
        if step.name in stopped_in:
            refused = (ImportStoppedError, OperationError, psycopg.OperationalError)
            with stopped_in_the_middle(platform.home, step, shop.url) as stopped, pytest.raises(refused):
                step.run()
            assert stopped.is_set(), f"{step.name} never came to write to {step.table}"
            start_again(platform)
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


@pytest.mark.soak
@pytest.mark.parametrize("table", ["analytics.daily_activity", "ml.scores", "ml.drift"])
def test_a_command_that_runs_everything_ends_with_a_sentence_and_can_be_repeated(
    platform: Platform, shop: Shop, table: str
) -> None:
    back_to_the_evening(platform)
    shop.import_file("day")
    everything = ("run", "--no-backtest", "--horizon", str(HORIZON))
    command(platform, *everything)
    once = shop.checksums()
    step = Step("run", table, lambda: command(platform, *everything, exit_code=1))
    with stopped_in_the_middle(platform.home, step, shop.url) as stopped:
        said = str(step.run())
    assert stopped.is_set()
    assert "Traceback" not in said
    assert "Postgres" in said.splitlines()[-1], said
    start_again(platform)
    command(platform, *everything)
    assert shop.checksums() == once
    with dg.DagsterInstance.get() as instance:
        assert instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])) == []
    assert connections(platform) == []
