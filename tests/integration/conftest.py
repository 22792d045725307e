"""Real servers for the integration tests, each in a home of its own, on free ports, gone when the tests are.

`warehouse_url`  an empty, migrated warehouse, fresh for every test
`ran_platform`   a platform on which the whole pipeline ran once on a cut of real data, with its services up
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from orchestration.platform.migrations import migrate, read_migrations
from orchestration.platform.stack import Platform, running_platform
from orchestration.settings import Settings

pytestmark = pytest.mark.integration


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lives in this folder is an integration test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def empty_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform without events, shared by tests that each take a fresh warehouse."""
    with running_platform(Settings(home=tmp_path_factory.mktemp("empty") / "home")) as platform:
        yield platform


@pytest.fixture
def warehouse_url(empty_platform: Platform) -> str:
    """An empty, migrated warehouse. The environment says where it is, for dbt and all drivers."""
    with empty_platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("drop database if exists warehouse with (force)")
        connection.execute("create database warehouse")
    with empty_platform.server.connect("warehouse", autocommit=True) as connection:
        migrate(connection, read_migrations())
    return empty_platform.warehouse_url
