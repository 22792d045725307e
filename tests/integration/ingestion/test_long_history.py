"""The benchmarks' way to a long history leaves what the import would have left."""

from datetime import date
from pathlib import Path

from benchmarks.history import load_history, read_events, simulated
from ingestion.event_writer import connected
from ingestion.importing import import_frames
from warehouse.arriving_events import EVENT_COLUMNS

FIRST, LAST = date(2025, 11, 20), date(2025, 12, 30)


def test_a_history_written_by_the_month_is_the_one_the_import_stores(warehouse_url: str, tmp_path: Path) -> None:
    file = simulated(30, 60, tmp_path / "events.parquet")
    # The import writes 1.0 where the simulator has 1.
    columns = ", ".join(f"trim_scale({name})" if name in ("amount", "quantity") else name for name in EVENT_COLUMNS)
    with connected(warehouse_url) as connection:

        def found() -> list[tuple[object, ...]]:
            """What the events add up to; the indexes of each month; the import's own record."""
            sums = connection.execute(
                f"select count(*), sum(hashtextextended(row({columns})::text, 0)::numeric) from raw.events"  # noqa: S608
            )
            indexes = connection.execute(
                "select tablename, indexdef from pg_indexes where schemaname = 'raw' and tablename like 'events_20%'"
                " order by indexdef"
            )
            imports = connection.execute(
                "select rows_stored, finished_at is not null from raw.imports order by import_id desc limit 1"
            )
            return [*sums.fetchall(), *indexes.fetchall(), *imports.fetchall()]

        import_frames(warehouse_url, read_events(file, FIRST, LAST), "events")
        imported = found()
        connection.execute("drop table raw.events_2025_11, raw.events_2025_12")
        load_history(warehouse_url, file, FIRST, LAST)

        assert found() == imported
        assert imported[0][0] == sum(frame.height for frame in read_events(file, FIRST, LAST)) > 100
        assert len(imported) == 1 + 2 * 4 + 1

        load_history(warehouse_url, file, FIRST, LAST)
        assert found()[0] == imported[0]
