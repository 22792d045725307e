"""Damaged files of every format: each ends in rows, in quarantine, or in one sentence, and no row is lost uncounted."""

import gzip
import io
import json
import random
import zipfile
from pathlib import Path

import polars as pl
import pytest

from core.errors import OperationError, UserError
from data_contracts.contract import read_contract
from ingestion.batches import ahead, packed, prepare
from ingestion.exchange import Exchange
from ingestion.importing import look
from ingestion.mapping import wanted_columns
from ingestion.profile import Profile
from ingestion.readers import read_chunks

CONTRACT = read_contract()
PROFILE = Profile()
_ROWS = [
    {
        "user_id": f"u{n}",
        "event_type": "purchase" if n % 2 else "view",
        "occurred_at": f"2025-07-{n % 28 + 1:02d}T10:00:00Z",
        "order_id": f"o{n}",
        "amount": f"{n}.90",
        "currency": "EUR",
        "properties": json.dumps({"page": "ü", "list": [1, {"x": None}], "n": n}, ensure_ascii=False),
        "note": 'a "quoted", note\nof two lines' if n % 7 == 0 else "fine",
    }
    for n in range(30)
]
# What breaks readers: quotes, ends of lines, halves of characters, brackets, huge numbers, marks of other formats.
_TOKENS = [
    b'"', b"\n", b"\r", b",", b";", b"\x00", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"{", b"[" * 300, b"}", b"\\ud800",
    b"\\u0000", b"1e999999", b"-9" * 40, b"NaN", b"99999-12-31", b"0001-01-01", b"\xef\xbb\xbf", b"sep=;\n", b"PAR1",
    b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"'", b"x" * 5_000, b"12:00 PM XYZ", b"1.234,56", b"null",
]  # fmt: skip


def _good_files() -> dict[str, bytes]:
    frame = pl.DataFrame(_ROWS)
    text = frame.write_csv().encode()
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in _ROWS).encode()
    parquet, archive = io.BytesIO(), io.BytesIO()
    frame.with_columns(
        pl.col("occurred_at").str.to_datetime(time_zone="UTC"),
        pl.col("amount").cast(pl.Float64),
        pl.struct("order_id", "amount").alias("inside"),
        pl.col("note").cast(pl.Binary),
        pl.concat_list("order_id", "note").alias("list"),
    ).write_parquet(parquet, compression="uncompressed")
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.csv", text)
    return {
        "a.csv": text,
        "b.tsv": frame.write_csv(separator="\t").encode(),
        "c.csv": text.decode().encode("utf-16"),
        "d.csv.gz": gzip.compress(text),
        "e.zip.csv": archive.getvalue(),
        "f.jsonl": lines,
        "g.json": b"[" + lines.replace(b"\n", b",\n") + b"]",
        "h.json": b'{"data": [' + lines.replace(b"\n", b",\n") + b"]}",
        "i.parquet": parquet.getvalue(),
    }


def _damaged(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.randrange(len(damaged) + 1)
        match chance.randrange(6):
            case 0:
                damaged[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                damaged[place:place] = chance.choice(_TOKENS)
            case 2:
                del damaged[place : place + chance.choice([1, 2, 50, 1_000])]
            case 3:
                damaged[place : place + 4] = chance.randbytes(4)
            case 4:
                end = min(place + chance.choice([5, 100]), len(damaged))
                damaged[place:place] = damaged[place:end] * chance.choice([1, 3])
            case 5:
                damaged = damaged[: max(place, 1)]
        if not damaged:
            damaged = bytearray(b"\n")
    return bytes(damaged)


def _read(path: Path) -> str:
    """What becomes of a file: "rows", or the name of the error whose sentence it ends in."""
    given = counted = 0
    try:
        _, reading = look(path, CONTRACT, PROFILE)
        chunks = list(read_chunks(path, wanted_columns(CONTRACT, PROFILE), 7))
        given = sum(chunk.height for chunk in chunks)
        if path.suffix == ".csv":
            assert all(chunk.lines >= chunk.height + chunk.skipped for chunk in chunks)
        for each in ahead(packed(prepare(iter(chunks), CONTRACT, reading, source="import"), Exchange())):
            counted += each.batch.events.height + each.batch.quarantine.height
            for row in each.batch.quarantine["row"]:
                assert "\x00" not in json.dumps(json.loads(row))
    except (UserError, OperationError) as error:
        assert "\n" not in str(error)
        return type(error).__name__
    assert counted == given > 0
    return "rows"


def _fuzz(folder: Path, each: int, seed: int) -> dict[str, int]:
    chance = random.Random(seed)
    ends: dict[str, int] = {}
    for name, content in _good_files().items():
        path = folder / name
        for _ in range(each):
            path.write_bytes(damaged := _damaged(content, chance))
            try:
                end = _read(path)
            except BaseException:
                (folder / f"broken-{name}").write_bytes(damaged)
                raise
            ends[end] = ends.get(end, 0) + 1
    return ends


@pytest.mark.parametrize("name", list(_good_files()))
def test_the_good_files_are_good(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(_good_files()[name])
    assert _read(path) == ("FileRefusedError" if name == "h.json" else "rows")


def test_damaged_files_end_in_rows_or_in_a_sentence(tmp_path: Path) -> None:
    ends = _fuzz(tmp_path, each=12, seed=18)
    assert sum(ends.values()) == 12 * len(_good_files())
    # Most damage leaves rows to read: the mutations reach beyond the first bytes.
    assert ends["rows"] > 24


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_damaged_files(tmp_path: Path, seed: int) -> None:
    assert sum(_fuzz(tmp_path, each=112, seed=seed).values()) > 1_000
