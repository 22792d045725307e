"""The dbt project is parsed again when it has changed, and only then; what is selected reaches dbt."""

import os
from pathlib import Path

import dagster as dg
import pytest
from dagster_dbt.asset_utils import extract_runtime_selection_from_args

from orchestration.assets import marts
from orchestration.backfill import PASS_SELECTION
from orchestration.engines import SparkOfBuild


class Dbt:
    """Stands in for dbt: counts what was parsed and leaves the manifest that dbt would."""

    parsed = 0

    def __init__(self, **_: object) -> None:
        pass

    def cli(self, _arguments: list[str], target_path: Path) -> "Dbt":
        Dbt.parsed += 1
        (target_path / "manifest.json").write_text("{}")
        return self

    def wait(self) -> None:
        pass


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\nversion: 1.0.0\nprofile: shop\n")
    (folder / "models" / "users.sql").write_text("select 1 as users\n")
    monkeypatch.setattr(marts, "PROJECT", folder)
    monkeypatch.setattr(marts, "DbtCliResource", Dbt)
    monkeypatch.setattr(Dbt, "parsed", 0)
    monkeypatch.setenv("CUSTOMER_ANALYZER_HOME", str(tmp_path / "home"))
    return folder


@pytest.mark.usefixtures("project")
def test_a_project_is_parsed_once() -> None:
    for _ in range(2):
        assert marts.prepared_project().manifest_path.exists()
    assert Dbt.parsed == 1


def test_an_edited_file_is_noticed_whatever_its_time(project: Path, tmp_path: Path) -> None:
    marts.prepared_project()
    kept = tmp_path / "home" / "dbt" / "build" / "partial_parse.msgpack"
    kept.parent.mkdir()
    kept.touch()

    model = project / "models" / "users.sql"
    model.write_text("select 2 as users\n")
    os.utime(model, (0, 0))
    marts.prepared_project()

    assert Dbt.parsed == 2
    assert not kept.exists()


@pytest.mark.parametrize("selection", [PASS_SELECTION, marts._BEFORE_POSTGRES])
def test_dagster_reads_every_model_that_is_selected(selection: tuple[str, ...]) -> None:
    others, selected, _ = extract_runtime_selection_from_args(["build", *selection])
    assert {"event_types", "stg_events"} <= set(selected)
    assert others == ["build", "--resource-types", "seed", "model"]


def test_a_table_says_which_engine_built_it_and_links_sparks_page() -> None:
    page = "http://127.0.0.1:4040/connect/session/?id=a-session"
    spark = SparkOfBuild("an-application", "a-session", "http://127.0.0.1:4040")
    told = marts._told(dg.Output(None, metadata={"rows": 3}), spark.metadata)
    assert told.metadata == {
        "rows": dg.MetadataValue.int(3),
        "engine": dg.MetadataValue.text("spark"),
        "spark_application": dg.MetadataValue.text("an-application"),
        "spark_session": dg.MetadataValue.text("a-session"),
        "spark_pages": dg.MetadataValue.url(page),
    }


def test_what_is_no_table_is_passed_on_as_it_is() -> None:
    check = dg.AssetCheckResult(passed=True)
    assert marts._told(check, {"engine": "postgres"}) is check
