"""Opens the lake's catalogue inside a Postgres transaction, so that tables and rows are committed together.

Belongs here: the connection, the lock of writers, and what files need. Does not belong here: any one table (`events`).

Iceberg's commit is an update of one row in Postgres that names a table's newest metadata file. pyiceberg runs it in a
session of its own; here that session joins a transaction in which we also note identities, quarantined rows and how far
a source was read. A process that is killed leaves at most files that nothing refers to; `upkeep` removes them.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from core.errors import OperationError
from lake.names import CATALOGUE, SCHEMA
from warehouse.database import Connection, execute
from warehouse.lake_events import begin_writing


class _Catalogue(SqlCatalog):
    """pyiceberg's catalogue on a connection that is in a transaction, instead of on an engine."""

    def __init__(self, connection: sqlalchemy.Connection, location: str, files: Mapping[str, str]) -> None:
        MetastoreCatalog.__init__(self, CATALOGUE, warehouse=location, **files)
        # Its sessions take a connection as well. Within a transaction that is not theirs, they commit nothing.
        self.engine = cast(sqlalchemy.Engine, connection)
        self._schema_version = "v1"


@dataclass(frozen=True)
class LakeTransaction:
    """A transaction of the warehouse, and the catalogue inside it."""

    connection: Connection
    catalogue: SqlCatalog

    def table(self, name: tuple[str, ...]) -> Table | None:
        """A table as it is now; None where there is none yet. Raises OperationError if it cannot be read."""
        try:
            return self.catalogue.load_table(name)
        except NoSuchTableError:
            return None
        except OSError as error:
            raise OperationError(
                f"The lake's table {'.'.join(name)} cannot be read where its catalogue says ({error}): make its folder"
                " or store reachable; if its files are gone, delete its row of lake.iceberg_tables."
            ) from error

    def names(self) -> list[tuple[str, ...]]:
        """The namespace and name of every table."""
        namespaces = self.catalogue.list_namespaces()
        return sorted(tuple(name) for namespace in namespaces for name in self.catalogue.list_tables(namespace))


@dataclass(frozen=True)
class Lake:
    """A lake: the warehouse database with its catalogue, and the folder of its files (`names.warehouse_location`)."""

    url: str
    location: str
    files: Mapping[str, str] = field(default_factory=dict)
    """pyiceberg's settings for the files, where the usual AWS_* variables do not say enough."""

    @contextmanager
    def reading(self) -> Iterator[LakeTransaction]:
        """A transaction that changes nothing. What a table is at its begin can be read however long that takes."""
        with self._transaction() as transaction:
            yield transaction

    @contextmanager
    def writing(self) -> Iterator[LakeTransaction]:
        """A transaction that is committed at the end of the block. Only one writes at a time; others wait."""
        with self._transaction() as transaction:
            execute(transaction.connection, begin_writing())
            yield transaction

    @contextmanager
    def _transaction(self) -> Iterator[LakeTransaction]:
        engine = sqlalchemy.create_engine(make_url(self.url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"set local search_path to {SCHEMA}")
            connection.exec_driver_sql("set local timezone to 'UTC'")
            driver: Any = connection.connection.driver_connection
            yield LakeTransaction(driver, _Catalogue(connection, self.location, {**_from_environment(), **self.files}))


def _from_environment() -> dict[str, str]:
    """The store's address, which MLflow's own variable may name; credentials are found by the AWS_* variables."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("MLFLOW_S3_ENDPOINT_URL")
    return {"s3.endpoint": endpoint} if endpoint else {}
