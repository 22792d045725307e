"""Which migrations are applied, in which order, and which changes are refused."""

from pathlib import Path

import pytest

from core.errors import PlatformError
from warehouse.migration import Migration, pending, read_migrations

ONE = Migration(1, "events", "create table a ();")
TWO = Migration(2, "models", "create table b ();")


def _folder(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_text(f"select '{name}';")
    return tmp_path


def test_ours_are_in_order() -> None:
    versions = [migration.version for migration in read_migrations()]
    assert versions == list(range(1, len(versions) + 1))
    assert versions


def test_files_are_read_by_number(tmp_path: Path) -> None:
    found = read_migrations(_folder(tmp_path, "0002_b.sql", "0001_a.sql"))
    assert [(migration.version, migration.name) for migration in found] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0001_a.sql", "0003_c.sql"], r"numbered \[1, 3\]"),
        (["0001_a.sql", "0001_b.sql"], r"numbered \[1, 1\]"),
        (["0002_b.sql"], r"numbered \[2\]"),
        (["1_a.sql"], "not named like a migration"),
        (["0001_What.sql"], "not named like a migration"),
    ],
)
def test_misnamed_files_are_refused(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(PlatformError, match=said):
        read_migrations(_folder(tmp_path, *names))


def test_only_what_is_missing_is_pending() -> None:
    assert pending([ONE, TWO], {}) == (ONE, TWO)
    assert pending([ONE, TWO], {1: ONE.checksum}) == (TWO,)
    assert pending([ONE, TWO], {1: ONE.checksum, 2: TWO.checksum}) == ()


def test_an_applied_file_may_not_change() -> None:
    changed = Migration(1, "events", ONE.statements + " ")
    with pytest.raises(PlatformError, match=r"0001_events\.sql was changed after it was applied"):
        pending([changed, TWO], {1: ONE.checksum})


def test_a_database_from_the_future_is_left_alone() -> None:
    with pytest.raises(PlatformError, match="0002, which this installation does not know"):
        pending([ONE], {1: ONE.checksum, 2: TWO.checksum})
