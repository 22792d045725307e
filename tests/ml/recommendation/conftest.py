"""A shop whose users have tastes: each buys from one shelf, the same things again, and sometimes something popular."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.recommendation.history import HISTORY

FIRST = date(2024, 1, 1)
AS_OF = date(2024, 7, 1)
HORIZON = 30


def history_of(rows: list[tuple[str, str, str, date]]) -> pl.DataFrame:
    """A history of (user, item, kind, day), each known on its day."""
    full = [(user, item, kind, day, day, 1) for user, item, kind, day in rows]
    return pl.DataFrame(full, schema=HISTORY, orient="row")


def shop(users: int, shelves: int, seed: int = 0) -> pl.DataFrame:
    """Users by shelf; with one shelf nobody has a taste of their own."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, str, str, date]] = []
    for user in range(users):
        shelf = user % shelves
        usual = random.choice(10, 3, replace=False)
        for day in np.cumsum(random.integers(10, 40, 20)):
            if day >= (AS_OF - FIRST).days:
                break
            item = random.choice(usual) if random.random() < 0.2 else random.integers(0, 10)
            rows.append((f"u{user}", f"s{shelf}-{item}", "purchase", FIRST + timedelta(days=int(day))))
    return history_of(rows).unique(maintain_order=True)


@pytest.fixture(scope="session")
def plan() -> CutoffPlan:
    """The cutoffs of the shop's run."""
    return plan_cutoffs(AS_OF, HORIZON, FIRST)


@pytest.fixture(scope="session")
def tasteful() -> pl.DataFrame:
    """A shop in which taste decides."""
    return shop(300, 10)
