"""The environment variables of the platform's processes."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.home import Home
from core.settings import Settings
from standalone.environment import environment, exported
from warehouse.databases import embedded_server, given_server
from warehouse.passfile import Entry, remember

PASSWORD = "s3cret-word"
CARRIERS = {"PGPASSWORD", "DBT_ENV_SECRET_PASSWORD"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "pgpass").write_text(f"127.0.0.1:*:*:postgres:{PASSWORD}\n")
    return Home(tmp_path)


def test_no_address_carries_a_password(home: Home) -> None:
    given = given_server(SecretStr(f"postgresql://me:{PASSWORD}@db:5432/main?sslmode=require"))
    for server, carriers in ((given, CARRIERS), (embedded_server(home, 5433), set())):
        variables = environment(Settings(home=home.root), home, server)
        assert {name for name, value in variables.items() if PASSWORD in value} == carriers


def test_the_embedded_server_is_reached_by_its_file_only(home: Home) -> None:
    variables = environment(Settings(home=home.root), home, embedded_server(home, 5433))
    assert variables["PGPASSFILE"] == str(home.passfile)
    # The caller's own password is for another server and would win over the file.
    assert variables["PGPASSWORD"] == ""
    assert variables["WAREHOUSE_URL"] == "postgresql://postgres@127.0.0.1:5433/warehouse"
    assert (variables["DBT_HOST"], variables["DBT_PORT"], variables["DBT_DBNAME"]) == (
        "127.0.0.1",
        "5433",
        "warehouse",
    )


def test_a_login_of_the_home_is_found_in_its_file(home: Home) -> None:
    remember(home.passfile, Entry("db", "5432", "pipeline", "another-word"))
    given = given_server(SecretStr(f"postgresql://me:{PASSWORD}@db:5432/main?sslmode=require"))
    login = replace(given, user="pipeline", password=None, passfile=home.passfile)
    variables = environment(Settings(home=home.root), home, login)
    assert PASSWORD not in str(variables)
    assert (variables["PGPASSWORD"], variables["PGSSLMODE"]) == ("", "require")
    # Nowhere in the environment: dbt's driver reads the file, so that a new password needs no new process.
    assert "another-word" not in str(variables)
    assert (variables["DBT_USER"], variables["DBT_ENV_SECRET_PASSWORD"]) == ("pipeline", "")


def test_a_given_server_brings_its_tls_settings(home: Home) -> None:
    server = given_server(SecretStr(f"postgresql://me:{PASSWORD}@db/main?sslmode=verify-full&sslrootcert=/ca.pem"))
    variables = environment(Settings(home=home.root), home, server)
    assert variables["PGSSLMODE"] == "verify-full"
    assert variables["PGSSLROOTCERT"] == "/ca.pem"
    assert variables["PGPASSWORD"] == PASSWORD


def test_a_given_server_without_password_leaves_libpq_its_own_means(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    variables = environment(Settings(home=home.root), home, given_server(SecretStr("postgresql://me@db/main")))
    assert "PGPASSWORD" not in variables
    assert "PGPASSFILE" not in variables
    assert variables["DBT_ENV_SECRET_PASSWORD"] == PASSWORD


def test_every_tool_is_told_not_to_report(home: Home) -> None:
    variables = environment(Settings(home=home.root), home, embedded_server(home, 5433))
    assert variables["DO_NOT_TRACK"] == "1"
    assert variables["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert variables["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_HERE", "before")
    monkeypatch.delenv("NEW_HERE", raising=False)
    with pytest.raises(RuntimeError), exported({"KEPT_HERE": "during", "NEW_HERE": "1"}):
        assert os.environ["KEPT_HERE"] == "during"
        raise RuntimeError
    assert os.environ["KEPT_HERE"] == "before"
    assert "NEW_HERE" not in os.environ
