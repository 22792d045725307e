"""The second statement of the features, by hand on a few events."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from dbt_project import CATALOGUE
from ml.catalogue import read_catalogue
from orchestration.reference_features import reference_features, reference_labels

AS_OF = date(2024, 2, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bought(user_id: str, occurred: str, received: str | None = None, **more: object) -> dict[str, object]:
    return {
        "user_id": user_id,
        "occurred_at": at(occurred),
        "received_at": at(received or occurred),
        "category": "purchase",
        "is_activity": True,
        "order_id": None,
        "item_id": None,
        "amount": 10.0,
        "quantity": None,
        "source": "import",
        **more,
    }


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    texts = dict.fromkeys(("order_id", "item_id"), pl.String)
    return pl.DataFrame(list(rows), schema_overrides=texts | dict.fromkeys(("amount", "quantity"), pl.Float64))


SENT = {"category": "notification_sent", "is_activity": False, "amount": None}
EVENTS = frame(
    bought("a", "2024-01-01 10:00", order_id="1", item_id="x"),
    bought("a", "2024-01-01 23:59:59.999999", order_id="1", item_id="x", amount=5.0, quantity=2.0),
    bought("a", "2024-01-11 00:00"),
    bought("a", "2024-01-31 12:00", source="web"),
    bought("a", "2024-01-31 12:00", "2024-02-01 00:00"),
    bought("a", "2024-02-01 00:00", "2024-01-31 23:00"),
    bought("told", "2024-01-31 08:00", **SENT),
    bought("unknown", "2024-01-02 08:00", "2024-02-01 00:00"),
)


def test_only_features_of_the_catalogue_are_stated() -> None:
    """A new feature may be stated later; until then the time rule's check names it."""
    stated = reference_features(EVENTS, AS_OF).columns
    assert len(stated) > 80
    assert set(stated) <= {"user_id", "as_of", *read_catalogue(CATALOGUE).names}


def test_what_was_known_is_counted_and_nothing_else() -> None:
    rows = reference_features(EVENTS, AS_OF).rows_by_key("user_id", named=True, unique=True)
    assert rows.keys() == {"a", "told"}
    expected = {
        "days_since_first_seen": 31,
        "days_since_last_purchase": 1,
        "orders_total": 3,
        "orders_30d": 2,
        "lines_per_order": 4 / 3,
        "quantity_per_order": 2 / 3,
        "items_per_purchase_day": 1 / 3,
        "purchase_amount_total": 35.0,
        "purchase_amount_30d": 20.0,
        "purchase_days_total": 3,
        "purchase_gap_mean_days": 15.0,
        "purchase_gap_std_days": 50**0.5,
        "purchase_recency_in_longest_gaps": 0.05,
        "active_days_trend_30d": 1 / 3,
        "night_share": 0.25,
        "web_share_30d": 0.5,
        "active_days_decay_30d": pytest.approx(2.0**-1 * 2 ** (-1 / 30) + 2 ** (-21 / 30) + 2 ** (-1 / 30), abs=2e-6),
        "notification_open_rate_90d": None,
    }
    assert {name: rows["a"][name] for name in expected} == pytest.approx(expected)
    told = rows["told"]
    assert told["notifications_sent_30d"] == told["days_since_first_seen"] == 1
    assert told["notification_open_rate_90d"] == told["active_days_total"] == told["repeat_purchase_days"] == 0
    assert told["days_since_last_activity"] is told["night_share"] is told["average_order_amount"] is None


def test_labels_look_at_their_window_and_populations_at_the_days_before() -> None:
    events = frame(
        bought("buys", "2024-01-31 12:00"),
        bought("buys", "2024-02-10 23:00", amount=7.0),
        bought("silent", "2024-01-22 00:00"),
        bought("silent", "2024-02-11 00:00"),
        bought("silent", "2024-02-10 12:00", "2024-02-11 00:00"),
        bought("long gone", "2024-01-21 23:00"),
        bought("long gone", "2024-02-01 00:00", category="view", amount=3.0),
        bought("newcomer", "2024-02-01 00:00"),
    )
    labels = reference_labels(events, AS_OF, 10).sort("user_id").drop("as_of")
    assert labels.rows() == [
        ("buys", True, True, 7.0, False),
        ("long gone", True, False, 0.0, None),
        ("silent", False, False, 0.0, True),
    ]
