"""What the lake is called and where it lies: the one place that says so, for pyiceberg and for Spark.

Belongs here: names and addresses. Does not belong here: opening anything (`catalogue`); importing this needs no extra.
"""

from pathlib import Path

from core.storage import check_address, local_path

CATALOGUE = "lake"
"""The name of the catalogue. Spark must use the same one: it is part of every entry's key in Postgres."""

SCHEMA = "lake"
"""The schema of the warehouse database in which the catalogue's own tables are: Spark's JDBC address ends with
`?currentSchema=lake`."""

EVENTS = ("raw", "events")
"""Namespace and name of the events. Marts are in namespaces that are called like their schemas in Postgres."""


def warehouse_location(address: str, home: Path) -> str:
    """The folder of all tables as a URL that pyiceberg and Spark understand: `file:///...` or `s3://...`.

    `address` is the setting CUSTOMER_ANALYZER_LAKE. Raises StorageError where it is wrong.
    """
    check_address(address)
    if address.startswith("s3:"):
        return address.rstrip("/")
    return local_path(address, home).absolute().as_uri()
