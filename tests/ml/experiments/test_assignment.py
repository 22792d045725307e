"""Assignment: even, independent of other salts, and the same for ever."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chisquare

from ml.experiments.assignment import BUCKETS, Arm, arm_of, arms_of, bucket_of

USERS = [f"user {number}" for number in range(20_000)]


def test_a_bucket_never_changes() -> None:
    # From now on these users are in these buckets. A change would move users between arms in the middle of a campaign.
    assert [bucket_of("spring", user) for user in ("tg-8412993", "web-3f9a", "Анна", "")] == [
        1038, 7800, 7897, 5346,
    ]  # fmt: skip


def test_users_fall_into_buckets_evenly() -> None:
    counts = np.bincount([bucket_of("spring", user) // 100 for user in USERS], minlength=100)
    assert chisquare(counts).pvalue > 0.001


def test_another_salt_draws_independently() -> None:
    first, second = (np.array([bucket_of(salt, user) for user in USERS]) for salt in ("spring", "summer"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_arms_are_ranges_of_buckets() -> None:
    arms = arms_of({"control": 0.1, "short": 0.45, "long": 0.4})
    assert arms == (Arm("control", 0, 1000), Arm("short", 1000, 5500), Arm("long", 5500, 9500))
    assert [arm_of(arms, bucket) for bucket in (0, 999, 1000, 5499, 5500, 9499, 9500)] == [
        "control", "control", "short", "short", "long", "long", None,
    ]  # fmt: skip
    assert [arm.share for arm in arms] == [0.1, 0.45, 0.4]


def test_three_thirds_take_every_bucket() -> None:
    arms = arms_of(dict.fromkeys(("a", "b", "c"), 1 / 3))
    assert arms[-1].end == BUCKETS
    assert all(abs(arm.share - 1 / 3) <= 1 / BUCKETS for arm in arms)


@given(st.dictionaries(st.text(min_size=1), st.integers(1, BUCKETS), min_size=1, max_size=8))
def test_arms_follow_each_other_and_have_their_shares(sizes: dict[str, int]) -> None:
    whole = max(BUCKETS, sum(sizes.values()))
    assume(all(size / whole >= 2 / BUCKETS for size in sizes.values()))
    arms = arms_of({name: size / whole for name, size in sizes.items()})
    assert [arm.first for arm in arms] == [0, *(arm.end for arm in arms[:-1])]
    assert all(abs(arm.share - sizes[arm.name] / whole) <= 1 / BUCKETS for arm in arms)


@pytest.mark.parametrize("shares", [{"a": 0.0}, {"a": -0.1}, {"a": 0.6, "b": 0.6}, {"a": float("nan")}])
def test_impossible_shares_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="share"):
        arms_of(shares)
