"""The dbt project keeps its own promises: every model and column described, every feature in the catalogue.

Belongs here: what can be read from files. Not: anything that needs a database (tests/integration/dbt_project).
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.contract import read_contract
from dbt_project import PROJECT
from ml.kinds import BUILT_IN

# Loops write columns of these two; tests/integration/dbt_project/test_marts.py holds the tables to the yml.
WRITTEN_BY_LOOPS = ("int_user_daily", "int_user_sums")
# Functions return rows of another model, which describes them.
FUNCTIONS = ("live_user_features",)
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
TABLES = [model for model in MODELS if model.stem not in FUNCTIONS]
ADVICE = Path(__file__).parents[2] / "ml" / "advice.yml"
UNITS = {"days", "events", "orders", "lines", "pieces", "items", "money", "share", "ratio", "trend"}
REQUIRED = {
    "days_since_first_seen",
    "days_since_last_activity",
    "days_since_first_purchase",
    "days_since_last_purchase",
    "purchase_days_total",
    "repeat_purchase_days",
    "orders_total",
    "purchase_amount_total",
    "average_order_amount",
    "active_days_total",
}


@cache
def described(model: Path) -> dict[str, Any]:
    """The one entry of the yml beside a model."""
    document = yaml.safe_load(model.with_suffix(".yml").read_text(encoding="utf-8"))
    (entry,) = document["models"]
    return dict(entry)


def features() -> dict[str, dict[str, Any]]:
    """The catalogue: name of each feature to what its column says."""
    columns = described(PROJECT / "models" / "marts" / "user_features.sql")["columns"]
    return {column["name"]: column for column in columns if column["name"] not in ("user_id", "as_of")}


def final_columns(model: Path) -> list[str]:
    """The names of the columns that the step `final` of a model selects, in order."""
    sql = re.sub(r"{#.*?#}|{%.*?%}|--[^\n]*", "", model.read_text(encoding="utf-8"), flags=re.DOTALL)
    step = sql[sql.index("final as (") :]
    selected = step[step.index("select") + len("select") : step.index("\n    from ")]
    return [re.findall(r"\w+", expression)[-1] for expression in at_top_level(selected)]


def at_top_level(selected: str) -> Iterator[str]:
    """The parts of a select list between commas outside any bracket."""
    depth, start = 0, 0
    for place, letter in enumerate(selected):
        depth += (letter in "({[") - (letter in ")}]")
        if letter == "," and depth == 0:
            yield selected[start:place]
            start = place + 1
    yield selected[start:]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_every_model_is_described_beside_it_grain_first(model: Path) -> None:
    entry = described(model)
    assert entry["name"] == model.stem
    assert entry["description"].startswith("One row per ")


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.stem)
def test_every_column_is_described_in_the_order_it_is_selected(model: Path) -> None:
    columns = described(model)["columns"]
    assert all(column["description"].strip() for column in columns)
    if model.stem not in WRITTEN_BY_LOOPS:
        assert [column["name"] for column in columns] == final_columns(model)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_every_model_ends_in_its_final_step(model: Path) -> None:
    assert model.read_text(encoding="utf-8").endswith("\n)\n\nselect * from final\n")


@pytest.mark.parametrize("model", [model for model in TABLES if model.stem != "stg_events"], ids=lambda m: m.stem)
def test_every_table_has_a_tested_key(model: Path) -> None:
    tests = described(model)["data_tests"]
    (key,) = [test["unique_key"]["arguments"]["columns"] for test in tests if "unique_key" in test]
    assert set(key) <= {column["name"] for column in described(model)["columns"]}


@pytest.mark.parametrize("source", ["staging/raw_sources.yml", "analytics/ml_sources.yml"])
def test_every_source_column_is_described(source: str) -> None:
    document = yaml.safe_load((PROJECT / "models" / source).read_text(encoding="utf-8"))
    columns = [column for table in document["sources"][0]["tables"] for column in table["columns"]]
    assert columns
    assert all(column["description"].strip() for column in columns)


def test_every_category_of_events_is_counted() -> None:
    daily = (PROJECT / "models" / "intermediate" / "int_user_daily.sql").read_text(encoding="utf-8")
    categories = {each.category for each in read_contract().event_types}
    assert categories == set(re.findall(r"category = '(\w+)'", daily))


def test_the_names_that_models_rely_on_exist() -> None:
    assert features().keys() >= REQUIRED


@pytest.mark.parametrize("name", features())
def test_every_feature_says_what_it_means(name: str) -> None:
    meta = features()[name]["config"]["meta"]
    assert meta.keys() <= {"family", "unit", "models", "label", "lever"}
    assert meta["family"] and meta["label"]
    assert meta["unit"] in UNITS
    assert set(meta["models"]) <= {"segmentation", "purchase", "churn"}
    # No model learns from where a user comes from; that only groups users.
    assert bool(meta["models"]) == (meta["family"] != "sources")


def test_every_lever_is_in_the_vocabulary_and_has_advice() -> None:
    vocabulary = described(PROJECT / "models" / "marts" / "user_features.sql")["config"]["meta"]["levers"]
    used = {column["config"]["meta"].get("lever") for column in features().values()} - {None}
    assert used == vocabulary.keys()
    assert used <= yaml.safe_load(ADVICE.read_text(encoding="utf-8")).keys()


def test_labels_of_features_are_told_apart() -> None:
    labels = [column["config"]["meta"]["label"] for column in features().values()]
    assert len(set(labels)) == len(labels)


def test_nothing_secret_stands_in_the_profile() -> None:
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    outputs = profile["customer_analyzer"]["outputs"]
    keys = ("host", "port", "user", "password", "dbname")
    assert all("env_var(" in str(outputs["warehouse"][key]) for key in keys)
    # Where Spark is, and its token, the variable SPARK_REMOTE says.
    assert outputs["spark"].keys() == {"type", "method", "host", "schema", "threads"}


def test_the_scorecard_knows_the_label_of_each_model() -> None:
    labels = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["model_labels"]
    assert labels == {kind.name: kind.outcome.label for kind in BUILT_IN if kind.outcome}
