"""How sure the level of the answers is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from ml.propensity.level import YEAR_DAYS, LevelRange
from ml.propensity.stacking import level_spread, settled


def test_a_range_holds_the_probability_and_is_wider_without_a_year() -> None:
    log_odds = np.array([-3.0, 0.0, 2.0])
    known, young = (LevelRange(0.3, days).around(log_odds) for days in (YEAR_DAYS, YEAR_DAYS - 1))
    assert (young[0] < known[0]).all()
    assert (known[0] < expit(log_odds)).all()
    assert (expit(log_odds) < known[1]).all()
    assert (known[1] < young[1]).all()
    np.testing.assert_allclose(logit(known[1]) - log_odds, 1.2816 * 0.3)


def test_the_note_says_why() -> None:
    assert LevelRange(0.3, 400).note == "80% interval of the level: past levels missed by 0.30 log-odds"
    assert "wider because 200 days of events do not hold the same weeks of a year before" in LevelRange(0.3, 200).note


def test_the_spread_is_how_far_levels_missed() -> None:
    steady, moving = level_spread([0.1] * 11), level_spread([1.0, 0.0] * 6)
    assert steady < 0.2
    assert moving > 0.6
    # Without cutoffs to tell it is that of a season.
    assert level_spread([0.4]) == pytest.approx(10**-0.5)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=12), st.floats(-3, 3))
def test_a_level_that_is_the_same_everywhere_is_foretold_and_widens_nothing(shifts: list[float], moved: float) -> None:
    moved_shifts = [shift + moved for shift in shifts]
    assert settled(moved_shifts) == pytest.approx(settled(shifts) + moved)
    assert level_spread(moved_shifts) == pytest.approx(level_spread(shifts), abs=1e-6)
