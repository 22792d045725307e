"""Where the lake lies, as pyiceberg and Spark are told."""

from pathlib import Path

import pytest

from core.storage import StorageError
from lake.names import warehouse_location


def test_an_address_becomes_a_url() -> None:
    home = Path("/srv/a home")
    assert warehouse_location("home:/lake", home) == "file:///srv/a%20home/lake"
    assert warehouse_location("file:///data/lake", home) == "file:///data/lake"
    assert warehouse_location("s3://bucket/lake/", home) == "s3://bucket/lake"


def test_an_address_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(StorageError, match="must begin with"):
        warehouse_location("hdfs://somewhere/lake", Path("/srv"))
