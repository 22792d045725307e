"""What all campaigns together do: everybody else beside the global control group, over months.

Belongs here: the comparison. Does not: who is in the group and what they bought (`warehouse.holdout`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.errors import NotEnoughData
from ml.experiments.comparison import ArmSums, carriers, difference
from ml.experiments.sequences import ENOUGH_CARRIERS, half_width

PLANNED_DAYS = 180
"""Where intervals are tightest: a group is held out for months. It must not depend on how long it has been."""


@dataclass(frozen=True)
class HoldoutEffect:
    """One outcome per user. The bounds hold on all days together; None: too few buyers to rely on them."""

    outcome: str
    campaigned: float
    held_out: float
    difference: float
    low: float | None
    high: float | None


def holdout_effects(users: pl.DataFrame, days: int) -> list[HoldoutEffect]:
    """Orders and revenue per user since the group began `days` ago, made more precise by what users bought before.

    `users` has is_held_out, orders, revenue, orders_before, revenue_before. Raises NotEnoughData for an empty group.
    """
    if users["is_held_out"].sum() < 2 or (~users["is_held_out"]).sum() < 2:
        raise NotEnoughData("The global control group, or everybody else, has no users who were known when it began.")
    found = []
    for outcome in ("orders", "revenue"):
        rows = users.select(outcome, "orders_before", "revenue_before").to_numpy().astype(np.float64)
        is_held_out = users["is_held_out"].to_numpy()
        others, held_out = ArmSums.of(rows[~is_held_out]), ArmSums.of(rows[is_held_out])
        gap = difference(others, held_out)
        width = float(half_width(gap.standard_error, days, PLANNED_DAYS))
        estimate, is_early = float(gap.estimate), float(carriers(others, held_out)) < ENOUGH_CARRIERS
        bounds = (None, None) if is_early else (estimate - width, estimate + width)
        found.append(HoldoutEffect(outcome, float(others.means[0]), float(held_out.means[0]), estimate, *bounds))
    return found
