"""Whatever engines write differently says so by name on an engine that nobody taught it."""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from dbt_project import PROJECT

# dbt's own, which this project overrides for one engine.
DBTS = {"create_table_as", "tblproperties_clause"}


@cache
def macros() -> dict[str, str]:
    """The text of each macro, by name."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted((PROJECT / "macros").rglob("*.sql")))
    found = re.finditer(r"{%-? macro (\w+)\(.*?\) -?%}(.*?){%-? endmacro -?%}", text, flags=re.DOTALL)
    return {macro[1]: macro[2] for macro in found}


def dispatched() -> Iterator[str]:
    for text in macros().values():
        yield from re.findall(r"adapter\.dispatch\('(\w+)'\)", text)


@pytest.mark.parametrize("name", sorted(set(dispatched())))
def test_a_dispatched_macro_is_taught_to_postgres_and_fails_by_name_elsewhere(name: str) -> None:
    assert f"postgres__{name}" in macros()
    assert f"untaught('{name}')" in macros()[f"default__{name}"]


def test_nothing_is_written_for_an_engine_that_is_not_dispatched() -> None:
    """A form that nobody asks for would be dead."""
    written = {name.split("__", 1)[1] for name in macros() if name.startswith(("postgres__", "spark__", "default__"))}
    assert written - set(dispatched()) - DBTS == set()


def test_what_spark_lacks_is_about_models_that_stay_on_postgres() -> None:
    """Incremental strategies are Postgres' own: the lake's tables are written by the materialization in lake.sql."""
    lacking = {name for name in dispatched() if f"spark__{name}" not in macros()}
    assert lacking == {
        "get_incremental_insert_once_sql",
        "get_incremental_replace_identities_sql",
        "stored_watermark_query",
    }
