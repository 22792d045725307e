"""Folders and what is piped in stand for files."""

import gzip
import io
from pathlib import Path

import pytest

from ingestion.chunks import Wanted
from ingestion.errors import FileRefusedError
from ingestion.given_files import STANDARD_INPUT, given_files
from ingestion.readers import read_chunks

NOTHING = io.BytesIO()
ROW = "user_id,event_type,occurred_at\nu,view,2025-01-02\n"


def test_a_folder_means_the_files_of_events_in_it_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "day=1/a.jsonl.gz", "_SUCCESS", ".hidden.csv", "_tmp/c.csv", "notes.md", "a.parquet"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    with given_files([tmp_path, tmp_path / "b.csv"], NOTHING) as files:
        assert [str(file.relative_to(tmp_path)) for file in files] == [
            "a.parquet",
            "b.csv",
            "day=1/a.jsonl.gz",
            "b.csv",
        ]


def test_a_folder_without_events_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(FileRefusedError, match="holds no file of events"), given_files([tmp_path], NOTHING):
        pass


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ROW.encode(), "standard-input.csv"),
        (b'[{"user_id": "u"}]', "standard-input.json"),
        (gzip.compress(b'{"user_id": "u"}\n', mtime=0), "standard-input.json"),
        (gzip.compress(ROW.encode(), mtime=0), "standard-input.csv"),
    ],
)
def test_what_is_piped_in_is_a_file_until_the_end(tmp_path: Path, content: bytes, name: str) -> None:
    with given_files([STANDARD_INPUT], io.BytesIO(content), tmp_path) as (file,):
        assert file.name == name
        (chunk,) = read_chunks(file, Wanted(("user_id",)))
        assert chunk.rows["user_id"].to_list() == ["u"]
    assert list(tmp_path.iterdir()) == []


def test_an_empty_pipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="Nothing came in"), given_files([STANDARD_INPUT], NOTHING, tmp_path):
        pass
