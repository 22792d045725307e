"""One server in a process of its own: what its environment holds."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import UserError
from core.settings import Settings
from standalone.single_server import backend_environment, pipeline_environment

URL = "postgresql://pipeline:s3cret-word@db:5432/warehouse?sslmode=verify-full&sslrootcert=/ca.pem"


def _settings(home: Path, url: str | None = URL) -> Settings:
    return Settings(home=home, database_url=None if url is None else SecretStr(url))


def test_the_pipeline_finds_its_databases_and_the_instance_of_dagster(tmp_path: Path) -> None:
    variables = pipeline_environment(_settings(tmp_path / "home"))
    assert variables["WAREHOUSE_URL"] == "postgresql://pipeline@db:5432/warehouse"
    assert (variables["PGSSLMODE"], variables["PGSSLROOTCERT"]) == ("verify-full", "/ca.pem")
    assert "s3cret-word" not in variables["WORKER_SCANNED"]
    assert (tmp_path / "home" / "dagster" / "dagster.yaml").is_file()


def test_the_backend_learns_nothing_of_the_pipeline(tmp_path: Path) -> None:
    variables = backend_environment(_settings(tmp_path))
    assert {name for name, value in variables.items() if "s3cret-word" in value} == {"PGPASSWORD"}
    assert variables["DAGSTER_PG_URL"] == variables["MLFLOW_TRACKING_URI"] == variables["DATABASE_URL"] == ""


def test_a_server_without_an_address_says_which_variable_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="DATABASE_URL_FILE"):
        backend_environment(_settings(tmp_path, None))
