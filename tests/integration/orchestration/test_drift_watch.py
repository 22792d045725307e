"""The watch for drift on the simulator's own shop, whole: imported, built by dbt, learned from, watched every week."""

import pytest

from benchmarks.drift import HORIZON, changed, still_year
from orchestration.simulator.drift import DriftKind


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("capfd")
def test_a_still_year_has_at_most_two_alarms(warehouse_url: str) -> None:
    found = still_year(warehouse_url, users=4_000, seed=1)
    assert len(found) <= 2, found


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("capfd")
@pytest.mark.parametrize("kind", DriftKind)
def test_a_changed_shop_is_seen_in_the_first_full_window(warehouse_url: str, kind: DriftKind) -> None:
    found, day = changed(warehouse_url, users=10_000, seed=1, kind=kind)
    assert sum(when <= day for when in found) == 0, found
    assert day + HORIZON in found
