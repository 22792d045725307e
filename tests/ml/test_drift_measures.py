"""Effect sizes: known shifts of known size, and chance that must not count."""

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from ml.drift_measures import (
    CALIBRATION_THRESHOLD,
    MIN_ROWS,
    SCORE_THRESHOLD,
    Measure,
    Outcomes,
    mix_measures,
    performance_measures,
    score_measure,
)

SOURCES = ("telegram_share_30d", "web_share_30d", "mobile_share_30d")


def shop(shares: tuple[float, float, float], rows: int = 1000, seed: int = 0) -> pl.DataFrame:
    """Users who each come by one source, and a tenth who did not come at all."""
    came = np.random.default_rng(seed).choice(3, rows, p=shares)
    is_silent = np.arange(rows) % 10 == 0
    return pl.DataFrame(
        {name: np.where(is_silent, np.nan, came == place) for place, name in enumerate(SOURCES)}
    ).select(pl.all().fill_nan(None))


def foretold(rows: int, seed: int, *, shift: float = 0.0, noise: float = 0.0) -> Outcomes:
    """Scores around 20 %, outcomes whose log-odds lie `shift` above them; `noise` makes the ranking worse."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1.8, 1.5, rows)
    seen = log_odds + random.normal(0, noise, rows) if noise else log_odds
    return Outcomes(expit(seen), (random.random(rows) < expit(log_odds + shift)).astype(float))


def named(measures: list[Measure], name: str) -> Measure:
    return next(measure for measure in measures if measure.column == name)


def test_a_mix_moves_by_its_jensen_shannon_distance() -> None:
    (same,) = mix_measures(shop((0.7, 0.1, 0.2)), shop((0.7, 0.1, 0.2), seed=1))
    (moved,) = mix_measures(shop((0.7, 0.1, 0.2)), shop((0.5, 0.1, 0.4), seed=1))
    assert (same.column, same.is_drifted) == ("mix of sources", False)
    assert moved.is_drifted
    # Between (.7, .1, .2) and (.5, .1, .4), base e, by hand.
    assert moved.distance == pytest.approx(0.157, abs=0.03)
    assert moved.note.startswith(("telegram: ", "mobile: "))


def test_in_a_mix_every_user_counts_once() -> None:
    """A thousand users half and half; one of them becomes a thousand times as busy."""
    even = pl.DataFrame({"views_30d": [1.0] * 1000, "searches_30d": [1.0] * 1000})
    others = ("sessions", "commands", "messages", "carts", "checkouts", "orders", "other_events")
    even = even.with_columns(pl.lit(0.0).alias(f"{name}_30d") for name in others)
    busy = even.with_columns(views_30d=pl.when(pl.int_range(pl.len()) == 0).then(1e6).otherwise("views_30d"))
    (measure,) = mix_measures(even, busy)
    assert measure.distance is not None
    assert measure.distance < 0.001


def test_a_mix_of_few_users_is_not_judged() -> None:
    (measure,) = mix_measures(shop((0.7, 0.1, 0.2)), shop((0.1, 0.1, 0.8), rows=MIN_ROWS))
    assert (measure.kind, measure.is_drifted) == ("too few", False)


@pytest.mark.parametrize(("shift", "rows", "is_drifted"), [(0.0, 4000, False), (0.15, 4000, True), (0.15, 600, False)])
def test_the_mean_score_counts_when_it_moved_and_chance_does_not_explain_it(
    shift: float, rows: int, is_drifted: bool
) -> None:
    before = pl.Series(foretold(rows, 1).probability)
    now = pl.Series(expit(logit(foretold(rows, 2).probability) + shift))
    measure = score_measure(before, now)
    assert measure.is_drifted is is_drifted
    assert measure.threshold == SCORE_THRESHOLD


def test_the_mean_score_shifts_by_its_log_odds() -> None:
    measure = score_measure(pl.Series([0.1, 0.3] * 1000), pl.Series([0.2, 0.4] * 1000))
    assert measure.distance == pytest.approx(float(logit(0.3) - logit(0.2)))
    assert measure.note.startswith("20.0% expected then, 30.0% now; shift ")
    assert score_measure(pl.Series([0.1] * 499), pl.Series([0.9] * 2000)).kind == "too few"


def test_a_model_that_does_as_in_its_test_has_not_drifted() -> None:
    assert not any(m.is_drifted for m in performance_measures(foretold(3000, 1), foretold(3000, 2)))


def test_outcomes_above_the_expected_shift_the_calibration_and_not_the_ranking() -> None:
    measures = performance_measures(foretold(5000, 1), foretold(5000, 2, shift=0.6))
    calibration = named(measures, "calibration")
    assert calibration.is_drifted
    assert CALIBRATION_THRESHOLD < (calibration.distance or 0) < 0.6
    assert not named(measures, "AUC").is_drifted


def test_a_level_that_the_test_had_shown_already_is_noticed_all_the_same() -> None:
    measures = performance_measures(foretold(5000, 1, shift=0.6), foretold(5000, 2, shift=0.6))
    assert named(measures, "calibration").is_drifted


def test_the_level_is_told_in_users_and_in_money() -> None:
    """A month of 5,777 users in which a third more came than was foretold."""
    random = np.random.default_rng(0)
    probability = np.full(5777, 980 / 5777)
    label = np.zeros(5777)
    label[random.permutation(5777)[:1496]] = 1.0
    live = Outcomes(probability, label, 50 * probability, label * random.gamma(4, 12.5, 5777))
    measures = performance_measures(foretold(5000, 1), live)
    calibration, money = named(measures, "calibration"), named(measures, "money")
    assert calibration.note.startswith("foretold 980, came 1,496 of 5,777 users; shift +0.")
    assert money.note.startswith("foretold 49,000, came 7")
    assert calibration.is_drifted
    assert money.is_drifted
    steady = Outcomes(probability, label, live.money, live.money)
    assert not named(performance_measures(foretold(5000, 1), steady), "money").is_drifted


def test_money_of_a_few_large_orders_is_no_alarm() -> None:
    label = np.zeros(5000)
    label[:500] = 1.0
    money = 20 * label
    money[0] = 10_000.0
    found = performance_measures(foretold(5000, 1), Outcomes(np.full(5000, 0.1), label, np.full(5000, 2.0), money))
    assert not named(found, "money").is_drifted


def test_a_worse_ranking_is_a_fall_of_the_auc_and_a_better_one_is_none() -> None:
    fallen = named(performance_measures(foretold(3000, 1), foretold(3000, 2, noise=2.0)), "AUC")
    assert fallen.is_drifted
    risen = named(performance_measures(foretold(3000, 1, noise=2.0), foretold(3000, 2)), "AUC")
    assert (risen.is_drifted, risen.distance) == (False, 0.0)


def test_few_outcomes_are_not_judged() -> None:
    rare = Outcomes(np.full(5000, 0.5), np.r_[np.ones(49), np.zeros(4951)])
    assert {m.kind for m in performance_measures(foretold(3000, 1), rare)} == {"too few"}


def test_chance_alone_hardly_ever_counts() -> None:
    """Ten pairs of equal shops, just large enough to be judged."""
    alarms = 0
    for seed in range(10):
        tested, live = foretold(600, 2 * seed), foretold(600, 2 * seed + 1)
        found = [
            *performance_measures(tested, live),
            score_measure(*map(pl.Series, (tested.probability, live.probability))),
        ]
        alarms += sum(measure.is_drifted for measure in found)
    assert alarms <= 1
