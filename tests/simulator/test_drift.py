"""A shop that changes: no change before the day, and a change of the stated size after it."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.errors import UserError
from simulator import Drift, DriftKind, draw_population, parse_drift, simulate
from simulator.simulation import START

USERS, DAYS, SEED, DAY = 2_000, 90, 3, 42


@cache
def events(kind: DriftKind | None) -> pl.DataFrame:
    drift = None if kind is None else Drift(kind, DAY)
    frame = pl.concat(list(simulate(USERS, DAYS, SEED, drift=drift)))
    return frame.with_columns(day=(pl.col("occurred_at").dt.date() - START).dt.total_days())


def after(kind: DriftKind | None) -> pl.DataFrame:
    """From a week after the change on."""
    return events(kind).filter(pl.col("day") >= DAY + 7)


@pytest.mark.parametrize("kind", DriftKind)
def test_nothing_changes_before_the_day(kind: DriftKind) -> None:
    # Weeks begin on the day, so that random numbers of the weeks before are the same.
    untouched = events(None).filter(pl.col("day") < DAY)
    assert_frame_equal(events(kind).filter(pl.col("day") < DAY), untouched)
    assert not events(kind).equals(events(None))


def test_shares_of_sources_are_reversed() -> None:
    shares = {
        kind: after(kind).group_by("user_id").agg(pl.col("source").last())["source"].value_counts(normalize=True)
        for kind in (None, DriftKind.SOURCES)
    }
    telegram = {
        kind: frame.filter(pl.col("source") == "telegram")["proportion"].item() for kind, frame in shares.items()
    }
    assert telegram[None] == pytest.approx(0.7, abs=0.05)
    assert telegram[DriftKind.SOURCES] == pytest.approx(0.2, abs=0.05)


def test_users_come_half_as_often() -> None:
    sessions = {
        kind: after(kind).filter(pl.col("event_type") == "session_start").height for kind in (None, DriftKind.ACTIVITY)
    }
    opened = after(None).filter(pl.col("event_type") == "notification_opened").height
    joined = int((draw_population(USERS, DAYS, SEED).joined_day >= DAY + 7).sum())
    expected = (sessions[None] - opened - joined) / 2 + opened + joined
    assert sessions[DriftKind.ACTIVITY] == pytest.approx(expected, rel=0.05)


def test_users_leave_twice_as_fast() -> None:
    usual = draw_population(USERS, DAYS, SEED)
    drifted = draw_population(USERS, DAYS, SEED, drift=Drift(DriftKind.CHURN, DAY))
    left = usual.churned_day <= DAY
    assert np.array_equal(usual.churned_day[left], drifted.churned_day[left])
    since = np.maximum(usual.joined_day[~left], DAY)
    halved = (usual.churned_day[~left] - since) / 2
    assert np.allclose(drifted.churned_day[~left] - since, halved)


def test_a_drift_is_read_from_its_kind_and_day() -> None:
    assert parse_drift("churn@90") == Drift(DriftKind.CHURN, 90)
    assert str(parse_drift("sources@7")) == "sources@7"


@pytest.mark.parametrize("text", ["churn", "churn@", "churn@x", "churn@-1", "weather@3", "@3"])
def test_another_text_is_refused_with_the_kinds(text: str) -> None:
    with pytest.raises(UserError, match="is not KIND@DAY, such as churn@90; kinds are sources, activity, churn"):
        parse_drift(text)


@pytest.mark.parametrize("day", [0, 90, 400])
def test_a_day_outside_the_simulation_is_refused(day: int) -> None:
    with pytest.raises(UserError, match=rf"--drift churn@{day} .* from 1 to 89"):
        simulate(USERS, DAYS, SEED, drift=Drift(DriftKind.CHURN, day))
