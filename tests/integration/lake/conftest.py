"""A lake in files of a test's own, with its catalogue in the shared platform's warehouse."""

from pathlib import Path

import psycopg
import pytest

from lake.catalogue import Lake
from lake.names import warehouse_location
from tests.integration.ingestion.test_accepting import emptied
from tests.integration.lake.held import emptied_lake


@pytest.fixture
def lake(shared_warehouse_url: str, tmp_path: Path) -> Lake:
    """A lake without tables, and a warehouse without events."""
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        emptied(connection)
        emptied_lake(connection)
    return Lake(shared_warehouse_url, warehouse_location("home:/lake", tmp_path))
