"""Files of exchange rates: read right or refused whole, and how long a rate holds."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.errors import UserError
from ingestion import import_files
from ingestion.errors import ImportStoppedError, RatesRefusedError
from ingestion.event_writer import settle
from ingestion.rates import bring_rates
from tests.integration.ingestion.mixed_shop import MIXED, Connection, emptied, held, rates, sums, waiting, written
from warehouse.database import Database
from warehouse.exchange_rates import demand_base_currency


@pytest.fixture
def connection(shared_warehouse_url: str) -> Iterator[Connection]:
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        emptied(connection)
        yield connection


def test_a_rate_that_changes_leaves_stored_events_as_they_are(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    file = written(tmp_path, MIXED)
    import_files(shared_warehouse_url, [file])
    bring_rates(shared_warehouse_url, rates(tmp_path))
    before = held(connection)
    changed = bring_rates(shared_warehouse_url, rates(tmp_path, ["2025-03-12,USD,0.5"]))
    assert changed.new == 1
    (result,) = import_files(shared_warehouse_url, [file])
    assert (result.known, held(connection)) == (8, before)
    import_files(shared_warehouse_url, [written(tmp_path, ["d,purchase,2025-03-12,10,USD"])])
    assert sums(connection)["d"] == 5


def test_a_rate_holds_for_so_many_days(shared_warehouse_url: str, connection: Connection, tmp_path: Path) -> None:
    demand_base_currency(Database(shared_warehouse_url), "EUR")
    rows = [f"a,purchase,2025-03-{day},100,JPY" for day in range(10, 31)]
    import_files(shared_warehouse_url, [written(tmp_path, rows)])
    found = bring_rates(shared_warehouse_url, rates(tmp_path, ["2025-03-12,JPY,0.01"]), valid_days=3)
    assert (dict(found.accepted.stored), found.waiting) == ({"JPY": 3}, {"JPY": 18})
    longer = bring_rates(shared_warehouse_url, rates(tmp_path, ["2025-03-12,JPY,0.01"]), valid_days=10)
    assert (longer.new, dict(longer.accepted.stored), longer.waiting) == (1, {"JPY": 7}, {"JPY": 11})


def test_central_banks_say_it_the_other_way_round(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    import_files(shared_warehouse_url, [written(tmp_path, MIXED)])
    found = bring_rates(shared_warehouse_url, rates(tmp_path, ["2025-03-10,jpy,160"]), is_inverse=True)
    assert found.newest["JPY"][1] == 0.00625
    assert sums(connection)["a"] == 20


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2025-03-10,JPY,0.1", "10.3.2025,JPY,0.1"], "row 2: the day '10.3.2025' is not a day like"),
        (["2025-03-10,yen!,0.1"], "row 1: the currency 'yen!' is not"),
        (["2025-03-10,JPY,-1"], "row 1: the rate '-1' is not a number"),
        (["2025-03-10,JPY,nan"], "row 1: the rate 'nan' is not a number"),
        (["2025-03-10,JPY,"], "row 1: the rate '' is not a number"),
        (["2025-03-10,JPY,1", "2025-03-10,JPY,2"], "two rates of JPY for 2025-03-10"),
        (["2025-03-10,EUR,0.9"], "its rates are in another currency"),
    ],
)
def test_a_wrong_file_of_rates_changes_nothing(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path, rows: list[str], said: str
) -> None:
    import_files(shared_warehouse_url, [written(tmp_path, MIXED)])
    with pytest.raises(RatesRefusedError, match=said):
        bring_rates(shared_warehouse_url, rates(tmp_path, rows))
    assert connection.execute("select count(*) from raw.exchange_rates").fetchall() == [(0,)]
    assert waiting(connection) == 3


def test_rates_need_a_base_currency(shared_warehouse_url: str, connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(RatesRefusedError, match="CUSTOMER_ANALYZER_CURRENCY"):
        bring_rates(shared_warehouse_url, rates(tmp_path))


def test_the_base_currency_that_is_set_is_kept(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    warehouse = Database(shared_warehouse_url)
    demand_base_currency(warehouse, "USD")
    # Nothing depends on it yet.
    demand_base_currency(warehouse, "JPY")
    (result,) = import_files(shared_warehouse_url, [written(tmp_path, MIXED)])
    assert result.waiting == {"EUR": 2, "USD": 2}
    demand_base_currency(warehouse, "JPY")
    with pytest.raises(UserError, match=r"amounts of this home are kept in JPY.*CUSTOMER_ANALYZER_HOME"):
        demand_base_currency(warehouse, "EUR")


def test_two_first_imports_settle_one_currency(connection: Connection) -> None:
    """Both looked when there was none; the second would have converted to a currency of its own."""
    settle(connection, "USD")
    settle(connection, "USD")
    with pytest.raises(ImportStoppedError, match="Another import has just made USD the base currency"):
        settle(connection, "EUR")
