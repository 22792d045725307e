"""A small shop with four kinds of users, whose kind is known."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.catalogue import Feature, FeatureCatalogue

AS_OF = date(2025, 6, 1)

FAMILIES = {
    "days_since_last_activity": ("recency", "days"),
    "days_since_last_purchase": ("recency", "days"),
    "days_since_first_seen": ("tenure", "days"),
    "active_days_total": ("frequency", "days"),
    "orders_total": ("frequency", "orders"),
    "repeat_purchase_days": ("frequency", "days"),
    "purchase_amount_total": ("monetary", "money"),
    "average_order_amount": ("monetary", "money"),
}

# kind: days since seen, tenure, active days, orders, order value
KINDS = {
    "loyal": (8, 400, 30, 20, 60.0),
    "lapsed": (250, 260, 1, 1, 30.0),
    "new": (10, 14, 2, 0, 0.0),
    "repeat": (40, 300, 6, 4, 25.0),
}


def shop_frame(users_per_kind: int, seed: int = 0, kinds: tuple[str, ...] = tuple(KINDS)) -> pl.DataFrame:
    """Features as of AS_OF with the known `kind`; every user differs a little from the kind's centre."""
    rng = np.random.default_rng(seed)
    frames = []
    for kind in kinds:
        quiet, tenure, active, orders, value = KINDS[kind]

        def around(centre: float, low: float = 0.0) -> np.ndarray:
            return np.maximum(np.round(centre * rng.lognormal(0.0, 0.12, users_per_kind)), low)

        count = around(orders) if orders > 1 else np.full(users_per_kind, float(orders))
        last = around(quiet, 1.0)
        average = value * rng.lognormal(0.0, 0.1, users_per_kind) if orders else np.full(users_per_kind, np.nan)
        frames.append(
            pl.DataFrame(
                {
                    "user_id": [f"{kind}-{number}" for number in range(users_per_kind)],
                    "as_of": [AS_OF] * users_per_kind,
                    "kind": [kind] * users_per_kind,
                    "days_since_last_activity": last,
                    "days_since_last_purchase": last if orders else np.full(users_per_kind, np.nan),
                    "days_since_first_seen": np.maximum(around(tenure), last),
                    "active_days_total": around(active, 1.0),
                    "orders_total": count,
                    "repeat_purchase_days": np.maximum(count - 1, 0),
                    "purchase_amount_total": np.nan_to_num(count * average),
                    "average_order_amount": average,
                }
            )
        )
    return pl.concat(frames).with_columns(pl.selectors.float().fill_nan(None))


@pytest.fixture(scope="session")
def catalogue() -> FeatureCatalogue:
    return FeatureCatalogue(
        tuple(
            Feature(name, f"What {name} means.", name.replace("_", " "), family, unit, ("segmentation",))
            for name, (family, unit) in FAMILIES.items()
        )
    )


@pytest.fixture(scope="session")
def shop() -> pl.DataFrame:
    return shop_frame(150)


@pytest.fixture(scope="session")
def make_shop():
    return shop_frame
