"""A copy of the dbt project that a test edits."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dbt_project import PROJECT
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import Dbt


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The copy."""
    copy = tmp_path / "dbt_project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    return copy


@pytest.fixture
def dbt_of_copy(warehouse_url: str, project: Path, tmp_path: Path) -> Callable[[], Dbt]:
    """Parses the copy as it is when called; returns what the fixture `dbt` is for the project itself."""
    return lambda: Parsed(tmp_path / "target", project).for_the_shop
