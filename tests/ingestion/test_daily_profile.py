"""Moves of a daily profile, without a database."""

import numpy as np
import pytest

from ingestion.daily_profile import hours_shifted

# Nights are quiet, evenings are not.
DAY = np.array([1, 1, 1, 1, 1, 2, 4, 6, 8, 8, 8, 9, 9, 8, 8, 9, 10, 12, 15, 18, 16, 10, 5, 2], np.float64)
USUAL = DAY / DAY.sum()


@pytest.mark.parametrize("hours", [-11, -5, -2, 0, 2, 3, 7, 12])
def test_a_move_by_whole_hours_is_found_under_noise(hours: int) -> None:
    counts = np.random.default_rng(1).multinomial(2_000, np.roll(USUAL, hours)).astype(np.float64)
    assert hours_shifted(counts / counts.sum(), USUAL) == hours


def test_another_rhythm_is_no_move() -> None:
    flat = np.full(24, 1 / 24)
    assert hours_shifted(flat, USUAL) == 0
    assert hours_shifted(USUAL, flat) == 0
    # People who get up at noon for a change, and go to bed as usual.
    late = np.where(np.arange(24) < 12, 1.0, DAY)
    assert hours_shifted(late / late.sum(), USUAL) == 0
