"""A user's id is found in files and masked there, and nothing else changes."""

import gzip
from pathlib import Path

import polars as pl

from privacy import files

USER = "tg-8412993"


def test_text_is_overwritten_in_place_and_compressed_text_is_found(tmp_path: Path) -> None:
    text, other, packed = tmp_path / "a.log", tmp_path / "b.log", tmp_path / "c.gz"
    text.write_text(f"asked about {USER}, {USER}0 and {USER}\n")
    other.write_text(f"asked about {USER}0\n")
    packed.write_bytes(gzip.compress(f"of {USER}".encode()))
    assert files.find(tmp_path, USER) == [text, packed]
    packed.unlink()

    assert files.mask_below(tmp_path, USER, leaving=[tmp_path / "ledger"]) == [text]

    assert text.read_text() == f"asked about {'*' * len(USER)}, {USER}0 and {'*' * len(USER)}\n"
    assert other.read_text() == f"asked about {USER}0\n"
    assert files.find(tmp_path, USER) == []


def test_parquet_loses_the_users_rows_and_mentions(tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    rows = pl.DataFrame(
        {
            "user_id": [USER, "b", None, "c"],
            "note": ["hello", f"friend of {USER}", None, "x"],
            "amount": [1.5, 2.5, None, 0],
        }
    )
    rows.write_parquet(file)
    part = files.masked_parquet(file, USER)
    assert part is not None
    assert pl.read_parquet(part).rows() == [("b", "friend of erased", 2.5), (None, None, None), ("c", "x", 0)]
    assert pl.read_parquet(file).equals(rows)
    assert files.masked_parquet(file, "tg-8412994") is None


def test_what_is_checked_against_digests_is_left_and_reported(tmp_path: Path) -> None:
    model = tmp_path / "bentoml" / "model.json"
    model.parent.mkdir()
    model.write_text(USER)
    assert files.mask_below(tmp_path, USER, leaving=[tmp_path / "ledger"]) == []
    assert files.find(tmp_path, USER) == [model]
