"""Drift as it runs: the champion's training rows against the newest snapshot, features and scores alike.

How drift is measured and when it counts is `ml.drift`'s; this module fetches the rows and keeps the report.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ml import artifact
from ml.cutoffs import CutoffPlan
from orchestration.registry import Registry
from orchestration.warehouse import Warehouse

SAMPLE_ROWS = 10_000


@dataclass(frozen=True)
class Drift:
    """The verdict on one model and day, and where the whole report lies."""

    is_drifted: bool
    share_drifted: float
    summary: str
    table: str
    report: Path


def watch_drift(kind: str, warehouse: Warehouse, registry: Registry, as_of: date, reports: Path) -> Drift:
    """Compares, keeps the HTML report in `reports` and on the champion's MLflow run."""
    champion = registry.champion(kind)
    model = artifact.load(champion.directory, champion.digest)
    cutoffs = artifact.read_provenance(champion.directory).cutoffs
    print(cutoffs, CutoffPlan)
    raise SystemExit
