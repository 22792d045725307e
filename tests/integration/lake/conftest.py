"""A lake in files of a test's own, with its catalogue in the shared platform's warehouse."""

from pathlib import Path

import psycopg
import pytest

from lake.catalogue import Lake
from lake.names import warehouse_location
from standalone.stack import Platform
from tests.integration.ingestion.test_accepting import emptied
from tests.integration.lake.held import emptied_lake
from warehouse.databases import WAREHOUSE


@pytest.fixture
def lake(shared_warehouse_url: str, empty_platform: Platform, tmp_path: Path) -> Lake:
    """A lake without tables, and a warehouse without events."""
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        emptied_lake(connection)
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        emptied(connection)
    return Lake(shared_warehouse_url, warehouse_location("home:/lake", tmp_path))
