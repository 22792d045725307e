"""What is unusual about figures, without a database."""

import polars as pl
import pytest

from data_contracts.contract import read_contract
from ingestion.usual_events import MEASURES, compare

CONTRACT = read_contract()
Row = tuple[str, str, str, int, float]


def amounts(*names: tuple[str, str]) -> pl.DataFrame:
    rows: list[Row] = [(source, "amount", name, 40, 40.0) for source, name in names]
    return pl.DataFrame(rows, schema=list(MEASURES), orient="row")


@pytest.mark.parametrize(
    ("known", "new", "said"),
    [
        ([("web", "purchase EUR")], ("web", "purchase JPY"), "has currencies that are new (40 in JPY; so far EUR)"),
        (
            [("web", "purchase EUR"), ("web", "gift USD")],
            ("web", "gift "),
            "has currencies that are new (40 in none; so far EUR, USD)",
        ),
        ([("web", "purchase ")], ("web", "purchase EUR"), "has currencies that are new (40 in EUR; so far none)"),
        # Another source had it, but this one did not.
        (
            [("web", "purchase EUR"), ("mobile", "purchase JPY")],
            ("web", "purchase JPY"),
            "has currencies that are new (40 in JPY; so far EUR)",
        ),
        # A source that is new, with a currency that nobody had.
        ([("web", "purchase EUR")], ("mobile", "purchase JPY"), "has currencies that are new (40 in JPY; so far EUR)"),
    ],
)
def test_a_currency_never_seen_before_stops(known: list[tuple[str, str]], new: tuple[str, str], said: str) -> None:
    (found,) = compare(CONTRACT, amounts(new), amounts(*known))
    assert (found.column, found.source, found.sentence, found.stops) == ("amount", new[0], said, True)


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ([], ("web", "purchase JPY")),
        ([("web", "purchase EUR")], ("web", "refund EUR")),
        ([("web", "purchase EUR")], ("mobile", "purchase EUR")),
    ],
)
def test_a_currency_that_was_there_stops_nothing(known: list[tuple[str, str]], new: tuple[str, str]) -> None:
    assert compare(CONTRACT, amounts(new), amounts(*known)) == []
