"""Files in chunks: every row once, bad rows one by one, bad files whole."""

import gzip
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
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
    assert [each.text for each in read[0].malformed] == ['a,"open']
    assert sum(each.rows.height for each in read) == 100_000
    assert sum(each.lines for each in read) == 100_002


def test_a_stray_quote_costs_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"u{n},{n},fine" for n in range(700)]
    rows[20] = 'u20,20,"a 7 inch pan'
    rows[300] = 'u300,300,"large" cup'
    rows[500] = 'u500,500,"two\nlines, ""quoted"""'
    path.write_text("\n".join(["user_id,n,note", *rows, "", ""]))
    read = chunks(path, 100)
    users = pl.concat([each.rows for each in read])["user_id"].to_list()
    assert users == [f"u{n}" for n in range(700) if n not in {20, 300}]
    assert [(bad.number, bad.text) for each in read for bad in each.malformed] == [(21, rows[20]), (301, rows[300])]
    # 702 lines with the head and an empty one at the end, of which one goes on with a row.
    assert (sum(each.lines for each in read), sum(each.skipped for each in read)) == (703, 2)
    assert sum(each.height for each in read) == 700


def test_a_quote_that_another_closes_is_noticed_by_the_rows_between(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('user_id,n,note\na,1,"open\nb,2,fine\nc,3,closed"\nd,4,fine\n')
    (read,) = chunks(path, 10)
    assert read.rows["user_id"].to_list() == ["b", "c", "d"]
    assert [bad.reason for bad in read.malformed] == ["the row is not CSV: a quote is not closed in its row"]


@pytest.mark.parametrize(
    "head",
    [
        "sep=;\nuser_id;note",
        "\n\nuser_id;note",
        '"user_id";"note"',
        " user_id ;note",
        '"user_id";"\nnote"',
    ],
)
def test_heads(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(head + "\na;b\n")
    (read,) = chunks(path)
    assert read.rows.to_dicts() == [{"user_id": "a", "note": "b"}]
    assert read.lines - read.skipped == read.height


def test_names_with_delimiters_in_them_and_spaces_after_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"user_id";"a, b, c, or d"\n1;x\n')
    assert chunks(path)[0].rows.to_dicts() == [{"user_id": "1", "a, b, c, or d": "x"}]
    path.write_text('user_id, note, n\n1, "x, y", 2\n')
    assert chunks(path)[0].rows.to_dicts() == [{"user_id": "1", "note": "x, y", "n": "2"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings_are_told_by_the_first_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("user_id,note\nа,ü\n".encode(encoding))
    assert chunks(path)[0].rows.to_dicts() == [{"user_id": "а", "note": "ü"}]
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"user_id": "ü"}\n'.encode(encoding))
    assert chunks(path)[0].rows["user_id"].to_list() == ["ü"]


def test_an_encoding_that_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("user_id,город\n1,Тверь\n".encode("windows-1251"))
    (read,) = read_chunks(path, Wanted((), encoding="windows-1251"))
    assert read.rows.to_dicts() == [{"user_id": "1", "город": "Тверь"}]
    with pytest.raises(FileRefusedError, match=r"is not UTF-8 .*--encoding"):
        chunks(path)
    with pytest.raises(FileRefusedError, match="--encoding klingon is not one we know"):
        list(read_chunks(path, Wanted((), encoding="klingon")))


def test_files_are_unpacked_by_what_they_are_and_not_by_their_names(tmp_path: Path) -> None:
    text = b"user_id,note\na,b\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("export/a.csv", text)
    for packed in (gzip.compress(text), archive.getvalue(), pa.Codec("zstd").compress(text, asbytes=True)):
        path = tmp_path / "a.csv"
        path.write_bytes(packed)
        (read,) = chunks(path)
        assert read.rows.to_dicts() == [{"user_id": "a", "note": "b"}]
    parquet = tmp_path / "b.csv"
    pl.DataFrame({"user_id": ["a"]}).write_parquet(parquet)
    assert chunks(parquet)[0].rows.to_dicts() == [{"user_id": "a"}]


def test_archives_of_several_files_and_workbooks_are_refused(tmp_path: Path) -> None:
    for names, sentence in (
        (["a.csv", "b.csv"], "zip archive of 2 files"),
        (["[Content_Types].xml"], "Excel workbook"),
    ):
        path = tmp_path / "a.csv"
        with zipfile.ZipFile(path, "w") as made:
            for name in names:
                made.writestr(name, "x")
        with pytest.raises(FileRefusedError, match=sentence):
            chunks(path)


def test_arrays_of_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(' [{"user_id": "a", "amount": 1.25},\n {"user_id": "b"}, 3]')
    read = chunks(path, 2)
    assert pl.concat([each.rows["user_id"] for each in read]).to_list() == ["a", "b"]
    assert [bad.number for each in read for bad in each.malformed] == [3]
    assert read[0].whole([0]) == ['{"amount": 1.25, "user_id": "a"}']


def test_an_array_inside_of_an_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in (
        '{"name": "x", "data": {"messages": [{"user_id": "a"}]}}',
        '{\n"data": {"messages":\n[{"user_id": "a"}]}}',
    ):
        path.write_text(text)
        with pytest.raises(
            FileRefusedError, match=r"one JSON object; its events seem to be in data.messages: .*--records"
        ):
            chunks(path)
        (read,) = read_chunks(path, Wanted(("user_id",), records="data.messages"))
        assert read.rows.to_dicts() == [{"user_id": "a"}]


def test_json_that_is_too_deep_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    deep = "[" * 90 + "]" * 90
    deeper = "[" * 100_000 + "]" * 100_000
    path.write_text("\n".join(['{"user_id": "a"}', *(f'{{"x": {each}}}' for each in (deep, deeper))]))
    (read,) = chunks(path, 10)
    assert (read.rows.height, [bad.number for bad in read.malformed]) == (1, [2, 3])


def test_numbers_of_json_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"user_id": 1, "amount": 1.234}\n{"user_id": 2, "amount": 5}\n{"user_id": 9223372036854775808}\n')
    (read,) = chunks(path, 10)
    assert read.rows["amount"].to_list() == [1.234, 5.0, None]
    assert read.rows["user_id"].to_list() == ["1", "2", "9223372036854775808"]


def test_types_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "user_id": pa.array([b"a", b"\xff"]),
            "amount": pa.array([Decimal("19.90"), None], pa.decimal256(50, 2)),
            "number": pa.array([Decimal("12345678901234567890123456789012345678901"), None], pa.decimal256(50, 0)),
            "properties": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "inside": pa.array([{"m": [("k", b"v")]}, None], pa.struct([("m", pa.map_(pa.string(), pa.binary()))])),
        }
    )
    pq.write_table(table, path)
    (read,) = chunks(path, 10)
    assert read.rows.row(0, named=True) == {
        "user_id": b"a",
        "amount": 19.9,
        "number": "12345678901234567890123456789012345678901",
        "properties": '{"k": 1}',
        "inside": '{"m": {"k": "v"}}',
    }


def test_times_that_python_does_not_know_can_be_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"user_id": ["a"], "t": pl.Series([600_000_000_000_000_000]).cast(pl.Datetime("us"))}).write_parquet(
        path
    )
    assert '"t": "+20983' in chunks(path)[0].whole([0])[0]


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
        ("a.csv.gz", b"\x1f\x8b\x08\x00oops", "cannot be read"),
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
