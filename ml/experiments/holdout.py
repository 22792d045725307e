"""What all campaigns together do: everybody else beside the global control group, over months.

Belongs here: the comparison. Does not: who is in the group and what they bought (`warehouse.holdout`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.errors import NotEnoughData
from ml.experiments.comparison import ArmSums, carriers, difference
from ml.experiments.sequences import ENOUGH_CARRIERS, half_width

PLANNED_DAYS = 180
"""Where intervals are tightest: a group is held out for months. It must not depend on how long it has been."""

COLUMNS = ("orders", "revenue", "orders_before", "revenue_before")
"""What is summed over users: outcomes since the group began, and what explains a part of them."""


def product_name(one: str, other: str) -> str:
    """The column with the sum of a product of two of COLUMNS."""
    return f"{one} * {other}"


@dataclass(frozen=True)
class HoldoutEffect:
    """One outcome per user. The bounds hold on all days together; None: too few buyers to rely on them."""

    outcome: str
    campaigned_users: int
    held_out_users: int
    campaigned: float
    held_out: float
    difference: float
    low: float | None
    high: float | None


def holdout_effects(sums: pl.DataFrame, days: int) -> list[HoldoutEffect]:
    """Orders and revenue per user since the group began `days` ago, made more precise by what users bought before.

    `sums` has a row for each group: is_held_out, users, the sum of each of COLUMNS, and of each product of two of them.
    Raises NotEnoughData for an empty group.
    """
    groups = {bool(row["is_held_out"]): row for row in sums.iter_rows(named=True)}
    if any(is_held_out not in groups or groups[is_held_out]["users"] < 2 for is_held_out in (True, False)):
        raise NotEnoughData("The global control group, or everybody else, has no users who were known when it began.")
    found = []
    for outcome in ("orders", "revenue"):
        others, held_out = (_arm(groups[is_held_out], outcome) for is_held_out in (False, True))
        gap = difference(others, held_out)
        width = float(half_width(gap.standard_error, days, PLANNED_DAYS))
        estimate, is_early = float(gap.estimate), float(carriers(others, held_out)) < ENOUGH_CARRIERS
        bounds = (None, None) if is_early else (estimate - width, estimate + width)
        means = float(others.means[0]), float(held_out.means[0])
        counts = int(groups[False]["users"]), int(groups[True]["users"])
        found.append(HoldoutEffect(outcome, *counts, *means, estimate, *bounds))
    return found


def _arm(group: Mapping[str, float], outcome: str) -> ArmSums:
    names = (outcome, "orders_before", "revenue_before")
    products = [[group[product_name(one, other)] for other in names] for one in names]
    return ArmSums(np.asarray(group["users"]), np.array([group[name] for name in names]), np.array(products))
