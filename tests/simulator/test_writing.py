"""Files of simulated events: complete or absent, and readable by the import."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from core.errors import OperationError, UserError
from data_contracts.contract import read_contract
from ingestion.batches import prepare
from ingestion.mapping import wanted_columns
from ingestion.normalizing import Reading
from ingestion.profile import Profile
from ingestion.readers import read_chunks
from simulator import simulate, write

CONTRACT = read_contract()


def imported(path: Path) -> pl.DataFrame:
    chunks = read_chunks(path, wanted_columns(CONTRACT, Profile()))
    batches = list(prepare(chunks, CONTRACT, Reading(), source="import"))
    assert sum(batch.quarantine.height for batch in batches) == 0
    return pl.concat([batch.events for batch in batches]).select(CONTRACT.columns)


def test_every_format_is_read_back_as_the_same_events(tmp_path: Path) -> None:
    seen: list[int] = []
    files = [tmp_path / "new" / f"shop{suffix}" for suffix in (".parquet", ".csv", ".jsonl")]
    rows = [write(simulate(40, 30, 3), file, progress=seen.append) for file in files]
    frames = [imported(file) for file in files]
    assert rows == [frame.height for frame in frames]
    assert seen[-1] == rows[-1]
    for frame in frames[1:]:
        assert frame.equals(frames[0])


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for suffix in (".parquet", ".csv", ".jsonl"):
        first, second = tmp_path / f"1{suffix}", tmp_path / f"2{suffix}"
        write(simulate(40, 30, 3), first)
        write(simulate(40, 30, 3), second)
        assert first.read_bytes() == second.read_bytes()


def test_a_parquet_file_says_that_it_is_synthetic(tmp_path: Path) -> None:
    path = tmp_path / "shop.parquet"
    write(simulate(40, 7, 3), path)
    assert pl.read_parquet_metadata(path)["synthetic"] == "true"


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must end in one of \.parquet, \.csv, \.jsonl"):
        write([], tmp_path / "shop.xlsx")


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"a": [1]})
        raise OSError(28, "No space left on device")

    with pytest.raises(OperationError, match="No space left on device; nothing of it is left"):
        write(broken(), tmp_path / "shop.csv")
    assert list(tmp_path.iterdir()) == []
