"""How a statement's values are bound and its rows converted; the executors run in the integration tests."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from warehouse.database import Result, command, first_row, rows, value, with_literals


def test_rows_become_what_the_statement_makes_of_them() -> None:
    found = Result([("a", 1), ("b", 2)], 2)
    assert rows(lambda name, count: {name: count}, "select").convert(found) == [{"a": 1}, {"b": 2}]
    assert first_row(lambda name, count: (count, name), "select").convert(found) == (1, "a")
    assert first_row(tuple, "select").convert(Result([], 0)) is None
    assert value(int, "select").convert(Result([("7",)], 1)) == 7
    assert command("delete").convert(Result([], 3)) == 3


def test_parameters_are_kept_apart_from_the_query() -> None:
    statement = command("delete from t where name = %(name)s", name="x'; drop table t; --")
    assert statement.query == "delete from t where name = %(name)s"
    assert statement.parameters == {"name": "x'; drop table t; --"}


def test_literals_are_quoted_by_type() -> None:
    query = "where a = %(a)s and d = any(%(d)s) and n > %(n)s and u is not distinct from %(u)s"
    written = with_literals(query, {"a": "it's", "d": [date(2024, 2, 29)], "n": -1, "u": None})
    assert (
        written == "where a = 'it''s' and d = any('{2024-02-29}'::date[]) and n >  -1 and u is not distinct from NULL"
    )


def test_a_query_without_values_stays_as_it_is() -> None:
    assert with_literals("select '%'", {}) == "select '%'"
    assert with_literals(sql.SQL("select {}").format(sql.Identifier("Ann")), {}) == 'select "Ann"'


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_no_text_ends_its_literal(text: str) -> None:
    written = with_literals("%(text)s", {"text": text}).lstrip()
    body = written[written.index("'") + 1 : -1]
    assert written[-1] == "'"
    assert "'" not in body.replace("''", "")
