"""Promotion and rollback against a real warehouse and a real registry."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from core.errors import OperationError, UserError
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from registry.promotion import promote, rollback
from warehouse.database import Database
from warehouse.locks import promotion_lock
from warehouse.promotions import promotion_history
from warehouse.scores import read_scores, scored_days, write_scores


def candidate(registry: Registry, tmp_path: Path, as_of: str) -> RegisteredModel:
    directory = tmp_path / as_of / "churn"
    directory.mkdir(parents=True)
    (directory / "model.json").write_text("{}")
    tags = {"as_of": as_of, "horizon_days": "30", "test_cutoff": as_of}
    return registry.log_candidate(
        "churn",
        directory,
        f"digest of {as_of}",
        parameters={"seed": 0},
        metrics={"auc": 0.7},
        figures={},
        tables={"features": ["a"]},
        tags=tags,
    )


def sound(version: RegisteredModel, warehouse: Database) -> None:
    """Nothing is wrong with any version."""


def damaged(version: RegisteredModel, warehouse: Database) -> None:
    raise OperationError(f"version {version.version} is damaged")


def test_rollback_brings_the_champion_before_back_and_is_on_record(
    warehouse_url: str, registry: Registry, tmp_path: Path
) -> None:
    warehouse = Database(warehouse_url)
    first, second = (candidate(registry, tmp_path, day) for day in ("2025-01-01", "2025-02-01"))
    promote(registry, warehouse, first, instead_of=None, reason="the first", promoted_by="ann")
    promote(registry, warehouse, second, instead_of=first, reason="better", promoted_by="ann")
    promote(registry, warehouse, second, instead_of=second, reason="champion already", promoted_by="ann")
    assert registry.aliases("churn") == {"champion": 2, "challenger": 2}

    with pytest.raises(OperationError, match="damaged"):
        rollback(registry, warehouse, "churn", check=damaged, reason="complaints", promoted_by="bob")
    assert registry.champion("churn").version == 2
    assert promotion_history(warehouse)["kind"].to_list() == ["promote", "promote"]
    previous = rollback(registry, warehouse, "churn", check=sound, reason="complaints", promoted_by="bob")

    assert previous.version == 1
    assert registry.champion("churn").digest == "digest of 2025-01-01"
    record = promotion_history(warehouse)
    assert record.select("kind", "from_version", "to_version", "reason", "promoted_by").rows() == [
        ("rollback", 2, 1, "complaints", "bob"),
        ("promote", 1, 2, "better", "ann"),
        ("promote", None, 1, "the first", "ann"),
    ]
    assert record["promoted_at"].is_sorted(descending=True)
    assert promotion_history(warehouse, "purchase").is_empty()
    with pytest.raises(UserError, match="no champion before it"):
        rollback(registry, warehouse, "churn", check=sound, reason="again", promoted_by="bob")


def test_of_two_promoters_in_a_race_one_wins_and_the_other_is_told(
    warehouse_url: str, registry: Registry, tmp_path: Path
) -> None:
    """Each in a thread with a connection of its own, started together; then the losers again, against the winner."""
    warehouse = Database(warehouse_url)
    waiting = [candidate(registry, tmp_path, f"2025-0{month}-01") for month in (1, 2, 3)]
    champion: RegisteredModel | None = None
    for _ in range(2):
        first, second = waiting[:2]
        start = Barrier(2)

        def attempt(model: RegisteredModel, start: Barrier = start, rival: RegisteredModel | None = champion) -> str:
            start.wait()
            try:
                promote(registry, warehouse, model, instead_of=rival, reason="a race", promoted_by="somebody")
            except UserError as refusal:
                return str(refusal)
            return "won"

        with ThreadPoolExecutor(2) as threads:
            said = list(threads.map(attempt, (first, second)))
        assert said.count("won") == 1
        assert "Somebody else is promoting" in "".join(said) or "another champion" in "".join(said)
        champion = registry.champion("churn")
        assert champion.version == (first, second)[said.index("won")].version
        waiting = [model for model in waiting if model.version != champion.version]
    changes = promotion_history(warehouse, "churn")
    assert changes["to_version"][0] == champion.version
    assert changes["from_version"].to_list() == [changes["to_version"][1], None]


def test_a_promoter_does_not_wait_for_another(warehouse_url: str, registry: Registry, tmp_path: Path) -> None:
    warehouse = Database(warehouse_url)
    model = candidate(registry, tmp_path, "2025-01-01")
    with promotion_lock(warehouse, "churn"), pytest.raises(UserError, match="Somebody else is promoting churn"):
        promote(registry, warehouse, model, instead_of=None, reason="me too", promoted_by="bob")
    assert registry.with_alias("churn", CHAMPION) is None


def test_a_verdict_against_a_champion_that_is_gone_does_not_count(
    warehouse_url: str, registry: Registry, tmp_path: Path
) -> None:
    warehouse = Database(warehouse_url)
    first, second, third = (candidate(registry, tmp_path, f"2025-0{month}-01") for month in (1, 2, 3))
    promote(registry, warehouse, first, instead_of=None, reason="the first", promoted_by="ann")
    promote(registry, warehouse, second, instead_of=first, reason="better", promoted_by="ann")
    with pytest.raises(UserError, match="another champion"):
        promote(registry, warehouse, third, instead_of=first, reason="better than the first", promoted_by="bob")
    assert registry.champion("churn").version == second.version


def test_a_past_day_is_scored_by_a_model_that_knew_no_more(
    warehouse_url: str, registry: Registry, tmp_path: Path
) -> None:
    warehouse = Database(warehouse_url)
    first, second = (candidate(registry, tmp_path, day) for day in ("2025-01-01", "2025-02-01"))
    assert registry.champion_as_of("churn", date(2025, 3, 1)) is None
    promote(registry, warehouse, second, instead_of=None, reason="the first", promoted_by="ann")
    chosen = {day: registry.champion_as_of("churn", day) for day in (date(2025, 3, 1), date(2025, 1, 15))}
    assert [model and model.version for model in chosen.values()] == [second.version, first.version]
    assert registry.champion_as_of("churn", date(2024, 12, 31)) is None


def test_scores_of_a_day_are_replaced_not_added(warehouse_url: str) -> None:
    warehouse = Database(warehouse_url)
    day = date(2025, 1, 1)
    for version, score in ((1, 0.25), (2, 0.75)):
        frame = pl.DataFrame({"user_id": ["a", "b"], "score": [score, score], "basis": ["model", "rule"]})
        write_scores(warehouse, "churn", day, 30, version, frame, feature_hash="f" * 64)
    stored = read_scores(warehouse, "churn", day)
    assert stored["score"].to_list() == [0.75, 0.75]
    assert stored["model_version"].to_list() == [2, 2]
    assert warehouse.run(scored_days("churn")) == [day]
