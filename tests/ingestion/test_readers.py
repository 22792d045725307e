"""Files in chunks: every row once, bad rows one by one, bad files whole."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from ingestion.chunks import Chunk, Wanted
from ingestion.errors import FileBrokenError, FileRefusedError
from ingestion.readers import read_chunks

WANTED = Wanted(("user_id", "amount"), ("payload",))


def chunks(path: Path, rows: int = 2) -> list[Chunk]:
    return list(read_chunks(path, WANTED, rows))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"user_id": ["a", "b", "c"], "n": [1, 2, 3]}).write_parquet(path)
    read = chunks(path)
    assert pl.concat([each.rows for each in read]).to_dicts()[2] == {"user_id": "c", "n": 3}
    assert [each.numbers.to_list() for each in read] == [[1, 2], [3]]
    assert read[-1].fraction == 1.0


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_and_its_gz(tmp_path: Path, separator: str) -> None:
    text = f'user_id{separator}note\r\na{separator}"two\nlines"\r\nb{separator}\r\n\r\nc{separator}ü\r\n'
    plain, zipped = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(b"\xef\xbb\xbf" + text.encode())
    zipped.write_bytes(gzip.compress(text.encode()))
    for path in (plain, zipped):
        rows = pl.concat([each.rows for each in chunks(path)])
        assert rows.to_dict(as_series=False) == {"user_id": ["a", "b", "c"], "note": ["two\nlines", "", "ü"]}


def test_csv_rows_that_are_none_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"user_id,note\na,1\nb\nc,\xff\nd,1,2\ne,5\n")
    (read,) = chunks(path, 10)
    assert read.rows["user_id"].to_list() == ["a", "e"]
    assert read.numbers.to_list() == [1, 5]
    assert [(each.number, each.reason) for each in read.malformed] == [
        (2, "the row has 1 fields, not 2"),
        (4, "the row has 3 fields, not 2"),
        (3, "the row is not UTF-8 text"),
    ]
    assert read.height == 5


def test_an_unclosed_quote_does_not_swallow_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('user_id,note\na,"open\n' + "b,2\n" * 100_000)
    read = chunks(path, 100_000)
    assert read[0].malformed[0].reason.startswith("the row is not CSV, as after an unclosed quote")
    assert read[0].rows.height > 50_000


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"user_id": 7, "amount": 1.50, "extra": true, "payload": {"x": 1}}\n\n{"user_id": "ü", "amount": [1]}\n'
    )
    (read,) = chunks(path)
    assert read.rows.select("user_id", "amount", "payload").rows() == [("7", "1.5", '{"x":1}'), ("ü", "\x00", None)]
    assert read.rest is not None
    # What is only looked into stays in the rest.
    assert read.rest.to_list() == ['{"extra":true,"payload":{"x":1}}', None]
    assert set(read.names) == {"user_id", "amount", "extra", "payload"}


def test_json_lines_that_are_none_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"user_id": "a"}\n{oops\n[1]\n{"user_id": "\xff"}\n{"x": NaN}\n{"x": "\\ud800"}\n')
    (read,) = chunks(path, 10)
    assert read.rows.height == 1
    assert [each.number for each in read.malformed] == [2, 3, 4, 5, 6]
    assert read.malformed[1].reason == "the row is not a JSON object: it is not between braces"
    assert read.whole([0]) == ['{"user_id": "a"}']


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.parquet", b"", "is empty"),
        ("a.parquet", b"user_id,amount\n", "cannot be read"),
        ("a.csv.gz", b"user_id,amount\n", "cannot be read"),
        ("a.csv", b"user_id,amount\n", "holds no events"),
        ("a.csv", b"user_id,user_id\na,b\n", "has the column user_id twice"),
        ("a.jsonl", b"user_id,amount\na,1\n", "is not JSON lines"),
        ("a.xlsx", b"PK", "is of no format we know"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefusedError, match=sentence):
        chunks(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="does not exist"):
        chunks(tmp_path / "absent.csv")
    with pytest.raises(FileRefusedError, match="is not a file"):
        chunks(tmp_path)


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"user_id": pl.Series([], dtype=pl.String)}).write_parquet(path)
    with pytest.raises(FileRefusedError, match="holds no events"):
        chunks(path)


def test_a_file_that_breaks_off_says_where(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    whole = gzip.compress(b"user_id,n\n" + b"".join(b"u%d,%d\n" % (n, n * n) for n in range(60_000)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileBrokenError, match="breaks off after row"):
        chunks(path, 5_000)
