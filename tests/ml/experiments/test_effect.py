"""The effect of a campaign from the sums of its days: what its users say, and honest about what is too early."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from ml.experiments.comparison import ArmSums, difference
from ml.experiments.effect import CampaignEffect, campaign_effect
from ml.experiments.sequences import half_width

FIRST = date(2025, 3, 1)
SHARES = {"control": 0.5, "a": 0.5}
WINDOW = 5
COLUMNS = ("orders", "orders_before")


def users(
    count: int, arm: str, rate: float, seed: int, day: int = 0, days: int = 8
) -> Iterator[tuple[str, int, np.ndarray[tuple[int], np.dtype[np.int64]], int]]:
    """Users of an arm: the day on which each begins, the orders of each day, and the orders before."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        orders = random.poisson(rate, days)
        orders[:day] = 0
        orders[day + WINDOW :] = 0
        yield arm, day, orders, int(random.poisson(1))


def added_by_day(people: list[tuple[str, int, np.ndarray[tuple[int], np.dtype[np.int64]], int]]) -> pl.DataFrame:
    """What each day adds, as the warehouse sums it."""
    rows = []
    for arm, begun, orders, before in people:
        start = {"arm": arm, "day": FIRST + timedelta(days=begun), "assigned_users": 1, "users": 1}
        rows.append(start | {"orders_before": before, "orders_before * orders_before": before**2})
        running = np.cumsum(orders)
        for day in np.flatnonzero(orders):
            earlier = running[day] - orders[day]
            rows.append(
                {
                    "arm": arm,
                    "day": FIRST + timedelta(days=int(day)),
                    "orders": orders[day],
                    "orders * orders": running[day] ** 2 - earlier**2,
                    "orders * orders_before": orders[day] * before,
                }
            )
    frame = pl.from_dicts(rows, infer_schema_length=None).fill_null(0)
    counts = pl.col("assigned_users", "users").sum()
    return frame.group_by("arm", "day").agg(
        counts, pl.exclude("arm", "day", "assigned_users", "users").sum().cast(float)
    )


def effect_of(added: pl.DataFrame, until: int = 20, **given: object) -> CampaignEffect:
    return campaign_effect(
        added,
        SHARES,
        FIRST + timedelta(days=until),
        WINDOW,
        ("orders",),
        ("orders_before",),
        **given,  # type: ignore[arg-type]
    )


def test_sums_by_day_say_what_the_users_say() -> None:
    people = [*users(300, "a", 0.3, 1), *users(280, "control", 0.2, 2), *users(40, "a", 0.3, 3, day=2)]
    effect = effect_of(added_by_day(people))
    (outcome,) = effect.variants[0].outcomes
    assert [look.day for look in outcome.looks] == [FIRST + timedelta(days=day) for day in range(2 + WINDOW + 1)]
    for place, look in enumerate(outcome.looks):
        arms = {
            arm: ArmSums.of(np.array([[orders[: place + 1].sum(), before] for name, begun, orders, before in people
                                      if name == arm and begun <= place], float))
            for arm in SHARES
        }  # fmt: skip
        found = difference(arms["a"], arms["control"])
        observed = 580 * min(place + 1, WINDOW) + 40 * max(0, min(place - 1, WINDOW))
        width = half_width(found.standard_error, observed, 620 * WINDOW)
        assert look.per_user == pytest.approx(found.estimate)
        assert look.per_user_high == pytest.approx(found.estimate + width)
        assert look.total == pytest.approx(look.per_user * look.treated_users)
    assert outcome.looks[-1].treated_users == 340
    assert effect.is_complete


def test_looks_end_today_and_are_then_not_complete() -> None:
    effect = effect_of(added_by_day([*users(50, "a", 0.3, 1), *users(50, "control", 0.3, 2)]), until=3)
    assert effect.last_day == FIRST + timedelta(days=3)
    assert len(effect.variants[0].outcomes[0].looks) == 4
    assert not effect.is_complete


def test_a_handful_of_orders_is_too_early() -> None:
    (outcome,) = (
        effect_of(added_by_day([*users(300, "a", 0.01, 1), *users(300, "control", 0.01, 2)])).variants[0].outcomes
    )
    first, last = outcome.looks[0], outcome.looks[-1]
    assert first.is_early
    assert (first.per_user_low, first.total_high, first.p_value) == (None, None, None)
    assert last.is_early


def test_a_mismatch_of_the_sample_ratio_is_seen_in_who_was_assigned() -> None:
    people = [*users(1000, "a", 0.1, 1), *users(750, "control", 0.1, 2)]
    ratio = effect_of(added_by_day(people)).sample_ratio
    assert ratio.is_mismatched
    assert [(arm.arm, arm.assigned_users, arm.expected_users) for arm in ratio.arms] == [
        ("control", 750, 875.0), ("a", 1000, 875.0),
    ]  # fmt: skip
    assert not effect_of(
        added_by_day([*users(1000, "a", 0.1, 1), *users(980, "control", 0.1, 2)])
    ).sample_ratio.is_mismatched


def test_several_variants_are_sure_together() -> None:
    people = [*users(300, "a", 0.3, 1), *users(300, "control", 0.3, 2), *users(300, "b", 0.3, 3)]
    shares = dict.fromkeys(("control", "a", "b"), 1 / 3)
    until = FIRST + timedelta(days=20)
    effect = campaign_effect(added_by_day(people), shares, until, WINDOW, ("orders",), ("orders_before",))
    assert [(variant.variant, variant.level) for variant in effect.variants] == [("a", 0.975), ("b", 0.975)]
    alone = effect_of(added_by_day(people[:600])).variants[0].outcomes[0].looks[-1]
    together = effect.variants[0].outcomes[0].looks[-1]
    assert together.per_user == pytest.approx(alone.per_user)
    assert together.per_user_high > alone.per_user_high  # type: ignore[operator]


def test_the_intervals_of_a_trigger_do_not_depend_on_how_many_will_come() -> None:
    people = [*users(300, "a", 0.3, 1), *users(300, "control", 0.3, 2)]
    later = [*users(50, "a", 0.3, 3, day=3), *users(50, "control", 0.3, 4, day=3)]
    first, second = (effect_of(added_by_day(each), is_ongoing=True) for each in (people, people + later))
    assert first.variants[0].outcomes[0].looks[2] == second.variants[0].outcomes[0].looks[2]


def test_nothing_is_said_without_users_or_a_control_group() -> None:
    added = added_by_day(list(users(10, "a", 0.3, 1)))
    with pytest.raises(ValueError, match="nothing to compare"):
        effect_of(added.clear())
    with pytest.raises(ValueError, match="nothing to compare"):
        campaign_effect(added, {"a": 1.0}, FIRST, WINDOW, ("orders",), ())
    assert effect_of(added).variants[0].outcomes[0].looks == []
