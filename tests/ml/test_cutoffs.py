from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.cutoffs import cutoff_days, plan_backtest, plan_cutoffs, run_days
from ml.errors import InvalidHorizon, NotEnoughHistory, OverlappingWindows


def test_cdnow_plan() -> None:
    plan = plan_cutoffs(date(1998, 6, 1), 30, date(1997, 1, 1))
    assert plan.test == date(1998, 5, 2)
    assert plan.calibration == date(1998, 4, 2)
    assert plan.train[-1] == date(1998, 3, 3)
    assert len(plan.train) == 9
    assert {later - earlier for earlier, later in zip(plan.train, plan.train[1:], strict=False)} == {timedelta(30)}


@given(
    as_of=st.dates(date(2020, 1, 1), date(2024, 1, 1)),
    horizon=st.integers(1, 200),
    history=st.integers(1, 900),
)
def test_windows_never_reach_into_the_next_role(as_of: date, horizon: int, history: int) -> None:
    first = as_of - timedelta(days=history)
    try:
        plan = plan_cutoffs(as_of, horizon, first)
    except (NotEnoughHistory, InvalidHorizon):
        return
    window = timedelta(days=horizon)
    assert all(day + window <= plan.calibration for day in plan.train)
    assert plan.calibration + window <= plan.test
    assert plan.test + window <= plan.as_of
    assert all(day > first for day in plan.all)
    assert list(plan.all) == sorted(set(plan.all))


@pytest.mark.parametrize(
    ("role", "overlapping"),
    [
        ("train", {"train": (date(2023, 10, 1), date(2023, 11, 4), date(2023, 9, 1))}),
        ("calibration", {"calibration": date(2023, 12, 4)}),
        ("calibration", {"test": date(2023, 12, 1)}),
        ("test", {"test": date(2024, 1, 3)}),
        ("test", {"as_of": date(2024, 1, 31)}),
        ("train", {"horizon_days": 31}),
    ],
)
def test_a_label_window_that_reaches_into_the_next_role_is_refused(role: str, overlapping: dict[str, object]) -> None:
    plan = plan_cutoffs(date(2024, 2, 1), 30, date(2023, 1, 1))
    assert replace(plan, train=plan.train[:2]).train == plan.train[:2]
    with pytest.raises(OverlappingWindows, match=f"window of the {role} cutoff"):
        replace(plan, **overlapping)


def test_train_cutoffs_move_closer_where_history_is_short() -> None:
    plan = plan_cutoffs(date(2018, 8, 3), 30, date(2018, 3, 9))
    assert plan.train == (date(2018, 4, 5), date(2018, 4, 20), date(2018, 5, 5))
    told = plan_cutoffs(date(1998, 6, 1), 30, date(1997, 1, 1), max_train=12, spacing_days=15)
    assert told.train[0] == date(1997, 9, 19)


def test_short_history_leaves_no_train_cutoff() -> None:
    plan = plan_cutoffs(date(2024, 3, 20), 30, date(2024, 1, 1))
    assert plan.train == ()
    assert plan.all == (plan.calibration, plan.test)


@pytest.mark.parametrize("horizon", [0, -3, 4000])
def test_impossible_horizon_is_named(horizon: int) -> None:
    with pytest.raises(InvalidHorizon, match=f"{horizon} days"):
        plan_cutoffs(date(2024, 1, 1), horizon, date(2023, 1, 1))


def test_horizon_longer_than_history_is_named() -> None:
    with pytest.raises(InvalidHorizon, match="longer than the 10 days of history"):
        plan_cutoffs(date(2024, 1, 11), 30, date(2024, 1, 1))


def test_too_little_history_says_which_day_would_do() -> None:
    with pytest.raises(NotEnoughHistory, match="choose 2024-03-16 or later"):
        plan_cutoffs(date(2024, 3, 1), 30, date(2024, 1, 1))
    assert plan_cutoffs(date(2024, 3, 16), 30, date(2024, 1, 1)).test == date(2024, 2, 15)


def test_as_of_outside_the_events_is_refused() -> None:
    with pytest.raises(NotEnoughHistory, match="history begins on 2024-01-01"):
        plan_cutoffs(date(2023, 1, 1), 30, date(2024, 1, 1))
    with pytest.raises(NotEnoughHistory, match="last event is on 2024-03-01"):
        plan_cutoffs(date(2024, 12, 1), 30, date(2024, 1, 1), date(2024, 3, 1))


def test_cdnow_backtest() -> None:
    plans = plan_backtest(date(1998, 7, 1), 30, date(1997, 1, 1), date(1998, 6, 30))
    assert [plan.test for plan in plans] == [date(1998, 3, 3), date(1998, 4, 2), date(1998, 5, 2), date(1998, 6, 1)]
    assert plans[-1] == plan_cutoffs(date(1998, 7, 1), 30, date(1997, 1, 1))
    assert plans[0].train == tuple(date(1998, 1, 2) - timedelta(30 * step) for step in range(8, -1, -1))
    days = cutoff_days(plans)
    assert days == tuple(date(1997, 5, 7) + timedelta(30 * step) for step in range(14))
    assert run_days(date(1998, 7, 1), 30, date(1997, 1, 1), date(1998, 6, 30)) == (*days, date(1998, 7, 1))


@given(horizon=st.integers(1, 60), history=st.integers(10, 900), folds=st.integers(1, 6))
def test_a_fold_is_what_would_have_been_planned_then(horizon: int, history: int, folds: int) -> None:
    as_of = date(2024, 1, 1)
    first = as_of - timedelta(days=history)
    try:
        plans = plan_backtest(as_of, horizon, first, folds=folds)
    except (NotEnoughHistory, InvalidHorizon):
        return
    assert 1 <= len(plans) <= folds
    window = timedelta(days=horizon)
    assert [as_of - plan.as_of for plan in reversed(plans)] == [step * window for step in range(len(plans))]
    for plan in plans:
        assert plan == plan_cutoffs(plan.as_of, horizon, first)
        assert plan.train or plan is plans[-1]
    assert set(cutoff_days(plans)) == {day for plan in plans for day in plan.all}


def test_days_too_early_to_train_on_are_left_out() -> None:
    plans = plan_backtest(date(2018, 8, 3), 30, date(2018, 3, 9))
    assert [len(plan.train) for plan in plans] == [1, 3]
    assert len(plan_backtest(date(2024, 3, 20), 30, date(2024, 1, 1))) == 1
