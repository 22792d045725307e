"""Old months leave the database and come back, row for row; the marts do not notice."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import psycopg
import pytest

from core.errors import UserError
from core.home import Home, prepare_home
from ingestion import FileRefusedError, import_files
from ingestion.archive import archive_months, replace_file, restore_files
from ingestion.errors import ImportStoppedError
from ingestion.event_writer import connected
from ingestion.rates import bring_rates
from orchestration.time_rule import compare_features, draw_users
from privacy.erasure import erase_user
from privacy.export import export_user
from tests.integration.dbt_project.shop import Dbt, random_events, rows
from warehouse.database import Database
from warehouse.events import event_range, move_watermark, oldest_open_transaction
from warehouse.exchange_rates import demand_base_currency

Connection = psycopg.Connection[tuple[object, ...]]

COLUMNS = (
    "event_id",
    "user_id",
    "event_type",
    "occurred_at",
    "received_at",
    "order_id",
    "item_id",
    "amount",
    "currency",
    "quantity",
)
MARTS = ("intermediate.int_user_daily", "marts.user_features", "marts.user_labels")
MARCH = date(2024, 3, 1)
USER = "user 3"


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    """Events of three months, with what a CSV file or a number could lose: a quarter of them late."""
    hard = ['"quoted", with\na line and a comma', "\\N", "null", "Köln \N{SNOWMAN}", " ", None]
    events = [
        {
            **dict(
                zip(COLUMNS, (*map(str, event[:3]), *event[3:8], "EUR" if place % 7 else "JPY", event[8]), strict=True)
            ),
            "item_id": event[6] or hard[place % len(hard)],
            "amount": None if event[7] is None else f"{event[7]}0",
            "quantity": None if event[8] is None else f"{event[8]}.000000000000000001",
            "note": hard[-1 - place % len(hard)],
        }
        for place, event in enumerate(random_events(6))
    ]
    file = tmp_path / "shop.parquet"
    pl.DataFrame(events, infer_schema_length=None).write_parquet(file)
    return file


@pytest.fixture
def shop(dbt: Dbt, warehouse_url: str, shop_file: Path, tmp_path: Path) -> Database:
    rates = tmp_path / "rates.csv"
    rates.write_text("day,currency,rate\n2024-01-01,JPY,0.0061\n")
    demand_base_currency(Database(warehouse_url), "EUR")
    bring_rates(warehouse_url, rates, valid_days=365)
    (result,) = import_files(warehouse_url, [shop_file])
    assert (result.stored, result.quarantined) == (1500, 0)
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    warehouse = Database(warehouse_url)
    warehouse.run(move_watermark("contract", warehouse.run(oldest_open_transaction())))
    return warehouse


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


def partitions(warehouse: Connection) -> list[tuple[object, ...]]:
    return warehouse.execute(
        "select relid::text, pg_get_expr(relpartbound, oid) from pg_partition_tree('raw.events')"
        " join pg_class on oid = relid where isleaf order by 1"
    ).fetchall()


def indexes(warehouse: Connection, table: str) -> set[str]:
    found = warehouse.execute("select indexdef from pg_indexes where tablename = %s", [table]).fetchall()
    return {str(index).partition(" USING ")[2] for (index,) in found}


def test_months_leave_and_come_back_as_they_were(
    dbt: Dbt,
    warehouse: Connection,
    shop: Database,
    shop_file: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = {table: rows(warehouse, table) for table in ("raw.events", *MARTS)}
    before["older days"] = rows(warehouse, MARTS[0], "occurred_day < '2024-03-01'")
    known, known_partitions = event_range(shop), partitions(warehouse)
    known_indexes = indexes(warehouse, "events_2024_01")
    folder = tmp_path / "archive"
    with pytest.raises(UserError, match="does not exist"):
        archive_months(shop, MARCH, folder)
    folder.mkdir()

    archives = archive_months(shop, MARCH, folder)

    assert [f"{archive.month:%Y-%m}" for archive in archives] == ["2024-01", "2024-02"]
    assert sum(archive.rows for archive in archives) == len(before["raw.events"]) - len(rows(warehouse, "raw.events"))
    assert {pl.read_parquet(archive.path).height for archive in archives} == {archive.rows for archive in archives}
    assert rows(warehouse, "raw.events", "occurred_at < '2024-03-01'") == []
    assert event_range(shop).first == known.first
    assert archive_months(shop, MARCH, folder) == []

    # The marts stay, whatever else arrives; they cannot be made anew, nor can an old file come in a second time.
    late = tmp_path / "late.csv"
    late.write_text("user_id,event_type,occurred_at\nuser 3,view,2024-03-28 12:00:00\n")
    import_files(shop.url, [late])
    dbt("run", "--select", "intermediate marts")
    assert rows(warehouse, MARTS[0], "occurred_day < '2024-03-01'") == before["older days"]
    with pytest.raises(AssertionError, match="int_user_daily"):
        dbt("run", "--select", "int_user_daily", "--full-refresh")
    assert "Events of 2024-01, 2024-02 are archived, but all events must be counted anew" in capfd.readouterr().out
    assert rows(warehouse, MARTS[0], "occurred_day < '2024-03-01'") == before["older days"]
    with pytest.raises(ImportStoppedError, match=r"events of 2024-0[12], which is archived: bring it back first"):
        import_files(shop.url, [shop_file])
    assert draw_users(shop, date(2024, 3, 20)) == []
    verdict = compare_features(shop, date(2024, 3, 20), 20)
    assert verdict.agrees
    assert "nobody was compared" in verdict.sentence
    warehouse.execute("delete from raw.events where event_type = 'view' and occurred_at = '2024-03-28 12:00:00+00'")

    restored = restore_files(shop.url, [Path(archive.path) for archive in archives])

    assert [(month.rows, month.erased) for month in restored] == [(archive.rows, 0) for archive in archives]
    assert rows(warehouse, "raw.events") == before["raw.events"]
    assert partitions(warehouse) == known_partitions
    assert indexes(warehouse, "events_2024_01") == known_indexes
    dbt("run", "--select", "int_user_daily", "--full-refresh")
    assert rows(warehouse, MARTS[0]) == before[MARTS[0]]
    with pytest.raises(FileRefusedError, match=r"2024-01, which .* is an archive of, is back already"):
        restore_files(shop.url, [Path(archives[0].path)])
    with pytest.raises(FileRefusedError, match="is not an archive of this warehouse"):
        restore_files(shop.url, [shop_file])


def test_an_erasure_reaches_archives_and_a_restore_leaves_the_user_out(
    warehouse: Connection, shop: Database, tmp_path: Path, home: Home
) -> None:
    whole = rows(warehouse, "raw.events", f"user_id <> '{USER}'")
    folder = tmp_path / "archive"
    folder.mkdir()
    here, elsewhere = archive_months(shop, MARCH, folder)
    moved = Path(elsewhere.path).rename(tmp_path / "elsewhere.parquet")
    given = json.loads("".join(export_user(shop, home, USER)))["tables"]
    theirs = pl.read_parquet(here.path).filter(pl.col("user_id") == USER)
    assert {event["event_id"] for event in given["archived events"]} == set(theirs["event_id"])

    receipt = erase_user(shop, home, USER, [])

    assert receipt.found == []
    assert receipt.files == [here.path]
    assert [archive["month"] for archive in receipt.unreached_archives] == ["2024-02"]
    assert USER not in pl.read_parquet(here.path)["user_id"]
    restored = restore_files(shop.url, [Path(here.path), moved])
    theirs_elsewhere = pl.read_parquet(moved).filter(pl.col("user_id") == USER).height
    assert [(month.rows, month.erased) for month in restored] == [
        (here.rows - theirs.height, 0),
        (elsewhere.rows - theirs_elsewhere, theirs_elsewhere),
    ]
    assert rows(warehouse, "raw.events") == whole


def test_what_was_archived_without_its_worth_waits_for_rates(
    warehouse: Connection, shop: Database, tmp_path: Path
) -> None:
    """As files of before are, when currencies were added up as if they were one."""
    whole = rows(warehouse, "(select event_id, user_id, amount, base_amount from raw.events)")
    archives = archive_months(shop, MARCH, tmp_path)
    foreign = 0
    for archive in archives:
        part = tmp_path / "part.parquet"
        held = pl.read_parquet(archive.path)
        foreign += held["base_amount"].drop_nulls().len()
        held.drop("base_amount").write_parquet(part)
        with connected(shop.url) as connection:
            replace_file(connection, archive, part)
    restored = restore_files(shop.url, [Path(archive.path) for archive in archives])
    assert sum(month.waiting for month in restored) == foreign > 0
    found = bring_rates(shop.url, tmp_path / "rates.csv", valid_days=365)
    assert dict(found.accepted.stored) == {"JPY": foreign}
    assert rows(warehouse, "(select event_id, user_id, amount, base_amount from raw.events)") == whole


@pytest.mark.parametrize("spoil", ["not built", "not checked"])
def test_a_month_that_nobody_has_read_is_not_moved(
    warehouse: Connection, warehouse_url: str, shop_file: Path, tmp_path: Path, spoil: str
) -> None:
    import_files(warehouse_url, [shop_file])
    shop = Database(warehouse_url)
    reader = "contract" if spoil == "not built" else "int_user_daily"
    shop.run(move_watermark(reader, shop.run(oldest_open_transaction())))
    before, known = rows(warehouse, "raw.events"), partitions(warehouse)
    with pytest.raises(UserError, match="Some events of 2024-01 are not in the marts yet"):
        archive_months(shop, MARCH, tmp_path)
    assert rows(warehouse, "raw.events") == before
    assert partitions(warehouse) == known
    assert list(tmp_path.glob("*events*")) == []


def test_the_checksum_is_of_the_rows_in_any_order(warehouse: Connection) -> None:
    def checksum(values: str) -> tuple[object, ...]:
        warehouse.execute("drop table if exists pg_temp.events")
        warehouse.execute("create temporary table events (event_id int, amount numeric, occurred_at timestamptz)")
        warehouse.execute(f"insert into events values {values}".encode())  # noqa: S608
        query = "select rows, checksum from raw.events_checksum('pg_temp.events', '{event_id,amount,occurred_at}')"
        return warehouse.execute(query.encode()).fetchall()[0]

    one, other = "(1, 1.50, '2024-01-01 00:00+00')", "(2, null, '2024-01-01 00:00+00')"
    before = checksum(f"{one}, {other}")
    warehouse.execute("set timezone to 'Asia/Tokyo'")
    assert checksum(f"{other}, {one}") == before
    assert before[0] == 2
    changed = (one, f"{one}, {other}, {other}", f"{one}, {one}", f"(1, 1.5, '2024-01-01 00:00+00'), {other}")
    assert len({before, *map(checksum, changed)}) == 5


def test_partitions_of_months_appear_by_themselves(warehouse: Connection, warehouse_url: str, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user_id,event_type,occurred_at\nu,view,2019-12-31 23:59:59\nu,view,2020-01-01 00:00:00\n")
    (result,) = import_files(warehouse_url, [file])
    assert result.stored == 2
    assert {("raw.events_2019_12",), ("raw.events_2020_01",)} < {row[:1] for row in partitions(warehouse)}
