"""The versions in the registry, and the days that each learned from."""

import json
from datetime import date

from ml.kinds import model_kinds
from privacy.trained import TrainedVersion
from registry.mlflow_registry import Registry


def registered_versions(registry: Registry) -> list[TrainedVersion]:
    """Every version in the registry with the days it learned from, as its training run recorded them."""
    found = []
    for kind in model_kinds():
        for version in registry.versions(kind.name):
            plan = json.loads(registry.read_text(version.run_id, "tables/cutoffs.json") or "{}")
            days = [version.as_of] if kind.outcome is None else [*plan["train"], plan["calibration"], plan["test"]]
            days += plan.get("level", [])
            horizon_days = int(version.tags["horizon_days"])
            found.append(TrainedVersion(kind.name, version.version, tuple(map(date.fromisoformat, days)), horizon_days))
    return found
