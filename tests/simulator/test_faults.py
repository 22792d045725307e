"""Events that arrive late, twice or damaged: the requested shares, and the contract catches all damage."""

import math
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.errors import UserError
from data_contracts.contract import read_contract
from data_contracts.rules import REASON, validate
from simulator import Faults, simulate

ARGUMENTS = (400, 120, 7)
END = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=120)


@cache
def events(faults: Faults | None = None) -> pl.DataFrame:
    return pl.concat(list(simulate(*ARGUMENTS, faults=faults)))


def test_no_faults_change_nothing() -> None:
    assert_frame_equal(events(Faults()), events())


def test_the_same_seed_gives_the_same_faults() -> None:
    faults = Faults(late=0.1, duplicates=0.1, bad=0.1)
    assert_frame_equal(pl.concat(list(simulate(*ARGUMENTS, faults=faults))), events(faults))


def test_late_events_arrive_hours_to_months_after_they_occurred_and_never_after_the_end() -> None:
    late = events(Faults(late=0.2))
    delay = (late["received_at"] - late["occurred_at"]).dt.total_seconds() / 3600
    is_late = delay >= 1
    assert (late["received_at"] < END).all()
    early = late["occurred_at"] < END - timedelta(days=91)
    assert is_late.filter(early).mean() == pytest.approx(0.2, abs=0.02)
    assert delay.filter(is_late).max() > 60 * 24
    assert delay.max() <= 90 * 24
    # What is not late is untouched, and nothing is lost but what has not arrived yet.
    assert_frame_equal(late.filter(~is_late), events().join(late.filter(~is_late), on="event_id", how="semi"))
    missing = events().join(late, on="event_id", how="anti")
    assert 0 < missing.height < 0.2 * events().height
    assert (missing["occurred_at"] > END - timedelta(days=91)).all()


def test_duplicates_repeat_whole_rows() -> None:
    repeated = events(Faults(duplicates=0.1))
    assert repeated.height / events().height == pytest.approx(1.1, abs=0.01)
    assert_frame_equal(repeated.unique(maintain_order=True), events())
    assert repeated["event_id"].n_unique() == events().height


def test_every_bad_row_breaks_the_contract_in_its_own_way_and_no_good_event_is_lost() -> None:
    validated = validate(read_contract(), events(Faults(bad=0.05)), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert_frame_equal(validated.good.select("event_id"), events().select("event_id"))
    assert validated.bad.height / events().height == pytest.approx(0.05, abs=0.01)
    counts = validated.bad[REASON].value_counts()
    reasons = sorted(counts[REASON])
    assert [reason.split()[0] for reason in reasons] == [
        "amount",
        "currency",
        "event_type",
        "occurred_at",
        "occurred_at",
        "occurred_at",
        "occurred_at",
        "properties",
        "quantity",
        "source",
        "user_id",
        "user_id",
    ]
    assert counts["count"].min() > 0.5 * validated.bad.height / len(reasons)


@pytest.mark.parametrize("name", ["late", "duplicates", "bad"])
@pytest.mark.parametrize("share", [-0.1, 1.0, 5, math.nan])
def test_what_is_not_a_share_is_refused(name: str, share: float) -> None:
    with pytest.raises(UserError, match=f"--{name} is {share}; it is a share of the events, from 0 to below 1"):
        simulate(*ARGUMENTS, faults=Faults(**{name: share}))
