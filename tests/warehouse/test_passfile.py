"""The password file: what is written is read, by us and by libpq."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.passfile import ANY, Entry, password_of, read_entries, remember

# No character that ends a line, or that libpq cannot read.
TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=10)
ENTRIES = st.lists(st.builds(Entry, TEXTS, TEXTS, TEXTS, TEXTS), max_size=4, unique_by=lambda each: each.is_of)


@given(entries=ENTRIES)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> None:
    file = tmp_path_factory.mktemp("home") / "pgpass"
    for entry in entries:
        remember(file, entry)
    assert read_entries(file) == entries


def test_a_new_password_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    for password in ("first", "second"):
        remember(file, Entry("h", ANY, "me", password))
    remember(file, Entry("other", "5432", "me", "elsewhere"))
    assert file.read_text() == "h:*:*:me:second\nother:5432:*:me:elsewhere\n"
    assert password_of(file, "h", "me") == "second"
    assert password_of(file, "h", "somebody else") == ""


def test_it_is_its_owners_alone_and_as_libpq_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    remember(file, Entry("::1", ANY, "me", "a:b\\c"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == "\\:\\:1:*:*:me:a\\:b\\\\c\n"


def test_a_missing_file_and_an_odd_line_hold_no_password(tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    assert read_entries(file) == []
    file.write_text("# a comment\nh:*:*:me:secret\n\n")
    assert read_entries(file) == [Entry("h", ANY, "me", "secret")]


def test_a_password_is_in_no_representation() -> None:
    assert "secret" not in repr(Entry("h", ANY, "me", "secret"))
