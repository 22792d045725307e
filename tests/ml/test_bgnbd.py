"""BG/NBD against its paper, against simulated users whose truth is known, and on data nobody would send on purpose."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, hyp2f1

from ingestion.cdnow import cdnow_file, read_cdnow
from ml.propensity.bgnbd import BgNbd, BgNbdMember, History, fit_bgnbd, fit_bgnbd_member, visit_history
from ml.propensity.matrix import Floats, Matrix

TRUTH = BgNbd(r=0.6, alpha=20.0, a=0.8, b=2.5)


@pytest.fixture(scope="module")
def sample() -> tuple[History, Floats]:
    """The paper's 1/10 sample of CDNOW in weeks: calibration to 1997-09-30, purchase days after that to 1998-06-30."""
    # Each line of the sample begins with the user's number in the whole file.
    lines = (cdnow_file().parent / "CDNOW_sample.txt").read_text().splitlines()
    days = (
        read_cdnow(cdnow_file())
        .filter(pl.col("user_id").is_in({line.split()[0] for line in lines}))
        .select("user_id", day=pl.col("occurred_at"))
        .unique()
    )
    end = datetime(1997, 9, 30, tzinfo=UTC)
    users = (
        days.group_by("user_id")
        .agg(
            repeats=(pl.col("day") <= end).sum() - 1,
            first=pl.col("day").min(),
            last=pl.col("day").filter(pl.col("day") <= end).max(),
            later=(pl.col("day") > end).sum(),
        )
        .sort("user_id")
    )
    assert users.height == 2357
    week = timedelta(weeks=1) / timedelta(microseconds=1)
    last = (users["last"] - users["first"]).dt.total_microseconds().to_numpy() / week
    age = (end - users["first"]).dt.total_microseconds().to_numpy() / week
    return History(users["repeats"].to_numpy().astype(float), last, age), users["later"].to_numpy().astype(float)


def test_published_parameters_and_likelihood(sample: tuple[History, Floats]) -> None:
    history, _ = sample
    found = fit_bgnbd(history)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=5e-4)
    assert found.log_likelihood(history) == pytest.approx(-9582.4, abs=0.05)


def test_published_holdout_correlation(sample: tuple[History, Floats]) -> None:
    history, later = sample
    expected = fit_bgnbd(history).expected(history, 39.0)
    assert np.corrcoef(expected, later)[0, 1] == pytest.approx(0.626, abs=5e-4)


def test_days_and_weeks_give_the_same_answers(sample: tuple[History, Floats]) -> None:
    history, _ = sample
    days = History(history.repeats, history.last * 7, history.age * 7)
    weekly, daily = fit_bgnbd(history, l2=1.0), fit_bgnbd(days, l2=1.0)
    assert daily.alpha == pytest.approx(7 * weekly.alpha, rel=1e-4)
    np.testing.assert_allclose(daily.log_any(days, 30 * 7), weekly.log_any(history, 30), rtol=1e-3)


def test_answers_agree_with_simulated_users() -> None:
    history, is_alive, later = _simulate(TRUTH, users=60_000, ahead=30.0)
    alive = np.exp(TRUTH.log_alive(history))
    came = np.exp(TRUTH.log_any(history, 30.0))
    expected = TRUTH.expected(history, 30.0)
    groups = np.minimum(history.repeats, 3) * 4 + np.digitize(history.last / history.age, [0.25, 0.5, 0.75])
    for group in np.unique(groups):
        rows = groups == group
        for predicted, observed in ((alive, is_alive), (came, later > 0), (expected, later)):
            error = observed[rows].std() / np.sqrt(rows.sum())
            assert predicted[rows].mean() == pytest.approx(observed[rows].mean(), abs=4 * error + 1e-9)


def test_parameters_of_simulated_users_are_found() -> None:
    history, _, _ = _simulate(TRUTH, users=40_000, ahead=0.0)
    found = fit_bgnbd(history)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((TRUTH.r, TRUTH.alpha, TRUTH.a, TRUTH.b), rel=0.1)
    assert found.log_likelihood(history) >= TRUTH.log_likelihood(history)


def test_equal_histories_count_as_often_as_they_come() -> None:
    history, _, _ = _simulate(TRUTH, users=300, ahead=0.0)
    whole = History(history.repeats, history.last.round(), history.age.round())
    noise = np.random.default_rng(0).random(len(whole)) * 1e-6
    apart = History(whole.repeats, whole.last, whole.age + noise)
    assert fit_bgnbd(whole).r == pytest.approx(fit_bgnbd(apart).r, rel=1e-3)


histories = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 2, 30, 100_000]), st.floats(0, 1), st.sampled_from([0, 1, 400, 40_000])),
    max_size=30,
)


@settings(max_examples=25)
@given(histories, st.sampled_from([0.0, 1.0]), st.sampled_from([1, 30, 3650]))
def test_every_history_gets_an_answer(users: list[tuple[int, float, int]], l2: float, ahead: int) -> None:
    repeats, share, age = np.array(users, np.float64).reshape(-1, 3).T
    history = History(repeats, share * age * (repeats > 0), age)
    found = fit_bgnbd(history, l2=l2)
    assert min(found.r, found.alpha, found.a, found.b) > 0
    for log_probability in (found.log_alive(history), found.log_any(history, ahead)):
        assert not np.isnan(log_probability).any()
        assert (log_probability <= 1e-12).all()
    assert np.isfinite(found.expected(history, ahead)).all()
    assert (found.expected(history, ahead) >= -1e-6).all()
    assert np.isfinite(found.log_likelihood(history))


def test_only_one_time_users_rarely_come_again() -> None:
    ages = np.full(50, 100.0)
    once = History(np.zeros(50), np.zeros(50), ages)
    found = fit_bgnbd(once, l2=1.0)
    assert np.exp(found.log_any(once, 30.0)).max() < 0.02


def test_expected_visits_are_the_closed_form_of_the_paper() -> None:
    history, _, _ = _simulate(TRUTH, users=500, ahead=0.0)
    r, alpha, a, b = TRUTH.r, TRUTH.alpha, TRUTH.a, TRUTH.b
    z, total = 30 / (alpha + history.age + 30), a + b + history.repeats - 1
    none = (1 - z) ** (r + history.repeats) * hyp2f1(r + history.repeats, b + history.repeats, total, z)
    paper = total / (a - 1) * (1 - none) * np.exp(TRUTH.log_alive(history))
    np.testing.assert_allclose(TRUTH.expected(history, 30.0), paper, rtol=1e-4)


COLUMNS = (2, 0, 3)


def _matrix(rows: int = 400, seed: int = 0) -> Matrix:
    """Columns: days since the first visit, noise, days with a visit, days since the last; a fifth never came."""
    history, _, _ = _simulate(TRUTH, users=rows, ahead=0.0, seed=seed)
    first = np.floor(history.age) + 1
    last = first - np.floor(history.last)
    matrix = np.column_stack([first, np.arange(rows), history.repeats + 1, last]).astype(np.float32)
    matrix[::5, 0] = matrix[::5, 3] = np.nan
    matrix[::5, 2] = 0
    return matrix


def _member(matrix: Matrix, labels: Floats, *, is_silence: bool = False) -> BgNbdMember:
    return fit_bgnbd_member(matrix, matrix, labels, COLUMNS, horizon_days=30, is_silence=is_silence)


@pytest.mark.parametrize("is_silence", [False, True])
def test_contributions_add_up_to_the_log_odds(is_silence: bool) -> None:
    matrix = _matrix()
    member = _member(matrix, np.arange(400) % 7 == 0, is_silence=is_silence)
    parts = member.contributions(matrix)
    np.testing.assert_allclose(parts.sum(axis=1), member.log_odds(matrix), atol=1e-12)
    assert (parts[:, 1] == 0).all()
    typical = np.array([[member.typical[1], 0, member.typical[0], member.typical[2]]], np.float32)
    np.testing.assert_allclose(member.contributions(typical)[0, :-1], 0, atol=1e-12)
    # Silence after many visits speaks against coming, and a visit yesterday for it.
    often = np.array([[200, 0, 20, 1], [200, 0, 20, 150]], np.float32)
    fresh, stale = (member.contributions(often)[:, 3] * (-1 if is_silence else 1)).tolist()
    assert fresh > stale


def test_shapley_values_of_a_row_by_hand() -> None:
    member = _member(_matrix(), np.arange(400) % 7 == 0)
    row = np.array([300.0, 0.0, 9.0, 40.0])
    base = np.array([member.typical[1], 0.0, member.typical[0], member.typical[2]])

    def value(*columns: int) -> float:
        mixed = base.copy()
        mixed[list(columns)] = row[list(columns)]
        return float(member.log_odds(mixed[None, :].astype(np.float32))[0])

    days = (2 * (value(2) - value()) + value(2, 0) - value(0) + value(2, 3) - value(3)) / 6
    days += 2 * (value(0, 2, 3) - value(0, 3)) / 6
    assert member.contributions(row[None, :].astype(np.float32))[0, 2] == pytest.approx(days)


def test_member_is_the_closed_form_and_survives_json() -> None:
    matrix = _matrix()
    member = _member(matrix, np.arange(400) % 7 == 0)
    came = np.arange(400) % 5 > 0
    visits = matrix[came][:, list(COLUMNS)].astype(np.float64)
    np.testing.assert_allclose(
        expit(member.log_odds(matrix[came])), np.exp(member.process.log_any(visit_history(visits), 30)), atol=1e-3
    )
    assert BgNbdMember.from_dict(member.to_dict()) == member


def test_users_who_never_came_have_a_rate_of_their_own() -> None:
    matrix = _matrix()
    labels = np.where(np.arange(400) % 5 == 0, np.arange(400) % 10 == 0, np.arange(400) % 8 == 0).astype(np.float64)
    member = _member(matrix, labels)
    # 40 of 80, shrunken by ten rows at the overall rate.
    overall = (labels.sum() + 0.5) / 401
    expected = (40 + 10 * overall) / 90
    np.testing.assert_allclose(expit(member.log_odds(matrix[::5])), expected)


@settings(max_examples=20)
@given(st.integers(0, 12), st.integers(0, 3))
def test_member_answers_from_hardly_any_rows(rows: int, every: int) -> None:
    matrix = _matrix(40)[: rows * (every + 1) : every + 1]
    member = _member(matrix, np.ones(len(matrix)))
    strange = np.array([[0, 0, 0, 0], [5, 0, 1e30, 9], [np.nan] * 4, [1, 0, 1, 1], [1e30, 0, 3, 1]], np.float32)
    answers = member.log_odds(strange)
    assert np.isfinite(answers).all()
    np.testing.assert_allclose(member.contributions(strange).sum(axis=1), answers, atol=1e-9)


def _simulate(truth: BgNbd, users: int, ahead: float, seed: int = 0) -> tuple[History, Floats, Floats]:
    """Histories, whether each user is still alive, and their visits in the `ahead` days after."""
    random = np.random.default_rng(seed)
    age = random.uniform(5, 300, users)
    rate = random.gamma(truth.r, 1 / truth.alpha, users)
    leaves = random.beta(truth.a, truth.b, users)
    now, repeats, last, later = np.zeros(users), np.zeros(users), np.zeros(users), np.zeros(users)
    is_alive, is_coming = np.ones(users, bool), np.ones(users, bool)
    while is_coming.any():
        now = now + random.exponential(1, users) / np.maximum(rate, 1e-12)
        is_before = is_coming & (now <= age)
        repeats += is_before
        last = np.where(is_before, now, last)
        later += is_coming & (now > age) & (now <= age + ahead)
        goes = is_coming & (random.random(users) < leaves)
        is_alive &= ~(goes & is_before)
        is_coming &= ~goes & (now <= age + ahead)
    return History(repeats, last, age), is_alive.astype(np.float64), later
