"""Tables of items: what goes together, what is popular, and that nothing later is in them."""

from datetime import date, timedelta

import polars as pl
import pytest

from ml.recommendation.history import as_of_day
from ml.recommendation.related import RELATED_EACH, Method, item_tables
from tests.ml.recommendation.conftest import AS_OF, history_of

methods = pytest.mark.parametrize("method", list(Method))
DAY = date(2024, 3, 1)


@methods
def test_items_of_one_shelf_go_together(tasteful: pl.DataFrame, method: Method) -> None:
    related = item_tables(as_of_day(tasteful, AS_OF), AS_OF, method).related
    strongest = related.sort("weight", descending=True).group_by("item_id").head(5)
    is_same_shelf = pl.col("item_id").str.head(2) == pl.col("other_item_id").str.head(2)
    assert strongest.select(is_same_shelf.mean()).item() > 0.95
    assert related.filter(pl.col("item_id") == pl.col("other_item_id")).is_empty()
    assert related["weight"].min() > 0  # type: ignore[operator]
    assert related["item_id"].value_counts()["count"].max() <= RELATED_EACH  # type: ignore[operator]


@methods
def test_nothing_later_changes_the_tables_of_a_day(tasteful: pl.DataFrame, method: Method) -> None:
    cut = item_tables(as_of_day(tasteful.filter(pl.col("known_day") < DAY), DAY), DAY, method)
    whole = item_tables(as_of_day(tasteful, DAY), DAY, method)
    assert cut.items.equals(whole.items)
    assert cut.related.equals(whole.related)


@methods
def test_without_a_purchase_there_are_no_items(method: Method) -> None:
    tables = item_tables(history_of([("u", "cup", "view", DAY)]), DAY + timedelta(days=1), method)
    assert (tables.items.height, tables.related.height) == (0, 0)


def test_popularity_is_of_the_last_weeks() -> None:
    old, new = DAY - timedelta(days=300), DAY - timedelta(days=2)
    rows = [(f"u{n}", "old hit", "purchase", old) for n in range(5)] + [("u9", "new", "purchase", new)]
    items = item_tables(history_of(rows), DAY, Method.CO_OCCURRENCE).items
    assert items["item_id"].to_list() == ["new", "old hit"]
    assert items["buyers"].to_list() == [1, 5]
