"""The watch for drift on whole shops: simulated, imported, built by dbt, learned from, and changed.

The quick test watches one model of easy shops: their users come often and differ little, so that few are enough, and
who is active is soon as it will stay. The long ones (`make soak`) are the simulator's own shop, after its first year.
"""

from datetime import timedelta

import pytest

from benchmarks.drift import (
    FIRST_DAY,
    HORIZON,
    Shop,
    alarms,
    check_drift,
    marts_of_shops,
    weeks_around_change,
    year_without_change,
)
from simulator import Behaviour
from simulator.drift import Drift, DriftKind

EASY = Behaviour(initial_share=0.3, sessions_per_day=0.4, sessions_shape=3.0, lifetime_days=100.0, lifetime_shape=6.0)


@pytest.mark.usefixtures("capfd")
def test_each_change_is_seen_in_the_first_full_window_after_it_and_nothing_before(warehouse_url: str) -> None:
    begin = FIRST_DAY + timedelta(days=224)
    change, window = begin + HORIZON, begin + 2 * HORIZON
    day = (change - FIRST_DAY).days
    shops = [Shop(kind, 2200, seed, Drift(kind, day), EASY) for seed, kind in enumerate(DriftKind, start=1)]
    frame = marts_of_shops(warehouse_url, shops, begin, [change, window])
    for shop in shops:
        found = alarms(check_drift(frame, shop, begin, [change, window], kinds=["churn"]))
        assert list(found) == [window], (shop.name, found)


@pytest.mark.soak
@pytest.mark.usefixtures("capfd")
def test_a_still_year_has_at_most_two_alarms(warehouse_url: str) -> None:
    found = year_without_change(warehouse_url, users=4_000, seed=1)
    assert len(found) <= 2, found


@pytest.mark.soak
@pytest.mark.usefixtures("capfd")
@pytest.mark.parametrize("kind", DriftKind)
def test_a_changed_shop_is_seen_in_the_first_full_window(warehouse_url: str, kind: DriftKind) -> None:
    found, day = weeks_around_change(warehouse_url, users=10_000, seed=1, kind=kind)
    assert sum(when <= day for when in found) == 0, found
    assert day + HORIZON in found
