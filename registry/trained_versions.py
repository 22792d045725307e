"""The versions in the registry, and the days that each learned from."""

import json
from collections.abc import Iterator
from datetime import date

from ml.kinds import Population, model_kinds
from ml.recommendation import RECOMMENDATION
from privacy.trained import TrainedVersion
from registry.mlflow_registry import Registry


def registered_versions(registry: Registry) -> list[TrainedVersion]:
    """Every version in the registry with the days it learned from, as its training run recorded them."""
    found = [
        version
        for kind in model_kinds()
        for version in _versions(
            registry,
            kind.name,
            is_of_snapshot=kind.outcome is None,
            is_of_active=kind.population is Population.ACTIVE,
        )
    ]
    return [*found, *_versions(registry, RECOMMENDATION, is_of_snapshot=False, is_of_active=False)]


def _versions(registry: Registry, name: str, *, is_of_snapshot: bool, is_of_active: bool) -> Iterator[TrainedVersion]:
    for version in registry.versions(name):
        plan = json.loads(registry.read_text(version.run_id, "tables/cutoffs.json") or "{}")
        days = [version.as_of] if is_of_snapshot else [*plan["train"], plan["calibration"], plan["test"]]
        days += plan.get("level", [])
        cutoffs = tuple(map(date.fromisoformat, days))
        yield TrainedVersion(name, version.version, cutoffs, int(version.tags["horizon_days"]), is_of_active)
