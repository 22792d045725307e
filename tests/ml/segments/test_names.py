"""Names: the right words for a profile, no two alike, and no change for a change that is none."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.advice import advice_for
from ml.segments.names import Facts, name_segments, segment_lever

LOYAL = Facts(
    has_buyers_around=True,
    buyer_share=1.0,
    repeat_share=1.0,
    median_active_days=9.0,
    tenure_days=400.0,
    quiet_rhythms=0.5,
    ranks={"purchase_amount_total": 0.9, "active_days_total": 0.9, "average_order_amount": 0.6},
)
VISITOR = replace(LOYAL, has_buyers_around=False, buyer_share=0.0, repeat_share=0.0)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (LOYAL, "Active loyal big spenders"),
        (replace(LOYAL, quiet_rhythms=3.0), "Slipping loyal big spenders"),
        (replace(LOYAL, quiet_rhythms=9.0, repeat_share=0.1), "Lapsed one-time buyers"),
        (replace(LOYAL, ranks={"purchase_amount_total": 0.9}), "Active big spenders"),
        (replace(LOYAL, ranks={"active_days_total": 0.9}), "Active loyal buyers"),
        (replace(LOYAL, ranks={}), "Active repeat buyers"),
        (replace(LOYAL, tenure_days=10.0, buyer_share=0.1), "New browsers"),
        (VISITOR, "Active regulars"),
        (replace(VISITOR, median_active_days=1.0), "Active one-time visitors"),
        (replace(VISITOR, ranks={"active_days_total": 0.5}), "Active occasional visitors"),
    ],
)
def test_words_for_a_profile(facts: Facts, name: str) -> None:
    other = replace(LOYAL, quiet_rhythms=50.0, buyer_share=0.0)
    assert name_segments([facts, other], [None, None])[0] == name


def test_twins_are_told_apart_by_what_differs_most() -> None:
    small = replace(LOYAL, ranks=LOYAL.ranks | {"average_order_amount": 0.2})
    large = replace(LOYAL, ranks=LOYAL.ranks | {"average_order_amount": 0.8})
    assert name_segments([large, small], [None, None]) == [
        "Active loyal big spenders, large baskets",
        "Active loyal big spenders, small baskets",
    ]


def test_four_of_a_kind_need_two_words() -> None:
    kinds = [
        replace(LOYAL, ranks={"average_order_amount": basket, "days_since_first_seen": known})
        for basket in (0.2, 0.8)
        for known in (0.3, 0.7)
    ]
    names = name_segments(kinds, [None] * 4)
    assert len(set(names)) == 4
    assert "Active repeat buyers, large baskets and newer" in names


def test_one_segment_is_everyone() -> None:
    assert name_segments([LOYAL], [None]) == ["All users"]


def test_a_name_stays_while_it_nearly_fits_and_goes_when_it_does_not() -> None:
    other = replace(LOYAL, quiet_rhythms=50.0, buyer_share=0.0)
    just_over = replace(LOYAL, quiet_rhythms=1.7)
    assert name_segments([just_over, other], [None, None])[0] == "Slipping loyal big spenders"
    assert name_segments([just_over, other], ["Active loyal big spenders", None])[0] == "Active loyal big spenders"
    far_over = replace(LOYAL, quiet_rhythms=3.0)
    assert name_segments([far_over, other], ["Active loyal big spenders", None])[0] == "Slipping loyal big spenders"


@pytest.mark.parametrize(
    ("facts", "lever"),
    [
        (LOYAL, "basket"),
        (VISITOR, "engagement"),
        (replace(LOYAL, tenure_days=5.0), "onboarding"),
        (replace(LOYAL, quiet_rhythms=3.0), "frequency"),
        (replace(LOYAL, quiet_rhythms=9.0), "win_back"),
        (replace(LOYAL, repeat_share=0.2), "second_purchase"),
    ],
)
def test_something_can_be_done_for_every_segment(facts: Facts, lever: str) -> None:
    assert segment_lever(facts) == lever
    assert advice_for(lever, "segmentation")


rank = st.floats(0.0, 1.0)
facts = st.builds(
    Facts,
    has_buyers_around=st.just(True),
    buyer_share=rank,
    repeat_share=rank,
    median_active_days=st.floats(1.0, 50.0),
    tenure_days=st.floats(1.0, 1000.0),
    quiet_rhythms=st.floats(0.0, 20.0),
    ranks=st.dictionaries(
        st.sampled_from(["purchase_amount_total", "active_days_total", "days_since_first_seen"]), rank
    ),
)


@given(st.lists(facts, min_size=1, max_size=8))
def test_no_two_segments_share_a_name(profiles: list[Facts]) -> None:
    names = name_segments(profiles, [None] * len(profiles))
    assert len(set(names)) == len(names) == len(profiles)
    assert all(name.strip() == name and name for name in names)
