"""How a file writes times and numbers is found from its rows, or asked for."""

import polars as pl
import pytest

from data_contracts.contract import read_contract
from data_contracts.conventions import find_conventions
from data_contracts.errors import ConventionError
from data_contracts.numbers import DecimalSign
from data_contracts.times import DateOrder, TimeUnit

CONTRACT = read_contract()


def test_each_column_has_its_own() -> None:
    rows = pl.DataFrame(
        {
            "occurred_at": ["13/04/2025", "01/02/2025"],
            "received_at": ["1752103800000", "1752103800000"],
            "amount": ["1.234", "19,90"],
            "quantity": ["1", "2"],
        }
    )
    found = find_conventions(CONTRACT, rows, time_zone="europe/moscow")
    assert found.time_zone == "Europe/Moscow"
    assert found.date_orders == {"occurred_at": DateOrder.DAY_FIRST}
    assert found.time_units == {"received_at": TimeUnit.MILLISECONDS}
    assert found.decimals == {"amount": DecimalSign.COMMA, "quantity": DecimalSign.UNKNOWN}


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("amount", ["1.234", "12"], r"amount has numbers such as 1.234, .* --decimal . or --decimal ,"),
        ("amount", ["1.234,5", "1,234.5"], r"decimal point \(1,234.5\) and with a decimal comma \(1.234,5\)"),
        ("occurred_at", ["03/04/2025"], r"occurred_at has dates such as 03/04/2025, .* --date-order"),
        ("occurred_at", ["13/04/2025", "04/13/2025"], "begin with the month"),
    ],
)
def test_what_cannot_be_known_is_asked_for(column: str, values: list[str], sentence: str) -> None:
    with pytest.raises(ConventionError, match=sentence):
        find_conventions(CONTRACT, pl.DataFrame({column: values}))


def test_what_is_given_is_not_asked_for() -> None:
    rows = pl.DataFrame({"amount": ["1.234"], "occurred_at": ["03/04/2025"]})
    found = find_conventions(CONTRACT, rows, decimal=DecimalSign.COMMA, date_order=DateOrder.MONTH_FIRST)
    assert found.decimals == {"amount": DecimalSign.COMMA}
    assert found.date_orders == {"occurred_at": DateOrder.MONTH_FIRST}


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "MSK+3"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ConventionError, match="There is no time zone"):
        find_conventions(CONTRACT, pl.DataFrame({"amount": ["1"]}), time_zone=name)
