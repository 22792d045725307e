"""One database and the two ways to ask it: rows by a statement, frames through Arrow.

Belongs here: `Database`, `Statement` and its two executors, synchronous and asynchronous. Does not: any SQL of a
subject; each has a store module beside this one, whose functions return statements or frames.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar

import polars as pl
import psycopg
from psycopg import sql

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Connection = psycopg.Connection[tuple[object, ...]]
Query = LiteralString | sql.SQL | sql.Composed
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """What Postgres answered: the rows, and how many rows the statement returned or changed."""

    rows: list[Row]
    row_count: int


@dataclass(frozen=True)
class Statement(Generic[T_co]):
    """A query, the values bound to its `%(name)s` placeholders, and what becomes of the result.

    A store states its SQL once in this form; `execute` and `execute_async` run the same statement.
    """

    query: Query
    parameters: Mapping[str, object]
    convert: Callable[[Result], T_co]


def rows(make: Callable[..., T], query: Query, /, **parameters: object) -> Statement[list[T]]:
    """A statement whose answer is `make(*row)` for every row."""
    return Statement(query, parameters, lambda result: [make(*row) for row in result.rows])


def first_row(make: Callable[..., T], query: Query, /, **parameters: object) -> Statement[T | None]:
    """A statement whose answer is `make(*row)` for the first row, None where there is no row."""
    return Statement(query, parameters, lambda result: make(*result.rows[0]) if result.rows else None)


def value(make: Callable[[Any], T], query: Query, /, **parameters: object) -> Statement[T]:
    """A statement that always returns one row of one column; its answer is `make` of that value."""
    return Statement(query, parameters, lambda result: make(result.rows[0][0]))


def command(query: Query, /, **parameters: object) -> Statement[int]:
    """A statement that changes rows; its answer is how many."""
    return Statement(query, parameters, lambda result: result.row_count)


def execute(connection: psycopg.Connection[Any], statement: Statement[T]) -> T:
    """Runs a statement on an open connection, inside whatever transaction that connection is in."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        cursor.execute(statement.query, statement.parameters or None)
        return statement.convert(Result(cursor.fetchall() if cursor.description else [], cursor.rowcount))


async def execute_async(connection: psycopg.AsyncConnection[Any], statement: Statement[T]) -> T:
    """The same, awaited."""
    async with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        await cursor.execute(statement.query, statement.parameters or None)
        return statement.convert(Result(await cursor.fetchall() if cursor.description else [], cursor.rowcount))


Steps = Generator[Statement[Any], Any, T]
"""Statements of which later ones depend on what earlier ones answer: each is yielded, its answer is sent back in.

What takes several statements is stated once in this form too; it returns what it came to.
"""


def execute_steps(connection: psycopg.Connection[Any], steps: Steps[T]) -> T:
    """Runs statement after statement on an open connection, inside whatever transaction that connection is in."""
    answer: Any = None
    while True:
        try:
            statement = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answer = execute(connection, statement)


async def execute_steps_async(connection: psycopg.AsyncConnection[Any], steps: Steps[T]) -> T:
    """The same, awaited."""
    answer: Any = None
    while True:
        try:
            statement = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answer = await execute_async(connection, statement)


@dataclass(frozen=True)
class Database:
    """A Postgres database. `url` carries no password: libpq takes that from its own variables and files."""

    url: str

    def run(self, statement: Statement[T]) -> T:
        """Runs one statement in a transaction of its own."""
        with self.transaction() as connection:
            return execute(connection, statement)

    def transaction(self) -> Connection:
        """A connection whose block is one transaction."""
        return psycopg.connect(self.url)

    def frame(self, query: Query, /, **parameters: object) -> pl.DataFrame:
        """The rows of a query, typed as Postgres types them, read through Arrow (ADBC)."""
        return pl.read_database_uri(with_literals(query, parameters), self.url, engine="adbc")


def with_literals(query: Query, parameters: Mapping[str, object]) -> str:
    """The query with each `%(name)s` replaced by a literal that psycopg quotes.

    For Arrow's driver: it reads a large result as COPY does only where nothing is left to bind, which takes half the
    time.
    """
    text = query if isinstance(query, str) else query.as_string()
    if not parameters:
        return text
    return text % {name: sql.Literal(given).as_string() for name, given in parameters.items()}
