"""From marts to a registered challenger: read the frame, train, save native files, log to MLflow.

One function, for all three models. How a model learns is `ml`'s business; when it runs is Dagster's.
"""

import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from core.settings import checkout
from dbt_project import CATALOGUE
from ml import artifact, plots
from ml.artifact import Provenance
from ml.catalogue import FeatureCatalogue, read_catalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.fingerprint import fingerprint
from ml.propensity.training import TrainedPropensity
from ml.purchase import train_purchase
from ml.segmentation import TrainedSegmentation, train_segmentation
from ml.segments.model import SegmentationModel
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from warehouse.events import event_range
from warehouse.marts import Marts


def train_candidate(kind: str, marts: Marts, registry: Registry, as_of: date, horizon_days: int) -> RegisteredModel:
    """Trains one model for a day and registers it as challenger.

    Raises ml.errors.NotApplicable when the events cannot carry this model at all.
    """
    known = event_range(marts.database)
    plan = plan_cutoffs(as_of, horizon_days, known.first, known.last)
    frame = marts.snapshot(as_of) if kind == "segmentation" else marts.training_frame(plan.all, horizon_days)
    trained = _train(kind, frame, read_catalogue(CATALOGUE), plan, registry)
    provenance = Provenance(
        cutoffs=plan.to_dict(),
        data_fingerprint=fingerprint(frame),
        git_revision=code_revision(),
        metrics=trained.evaluation.metrics,
        parameters=trained.parameters,
    )
    with TemporaryDirectory() as scratch:
        directory = Path(scratch) / kind
        digest = artifact.save(trained.model, directory, provenance=provenance)
        return registry.log_candidate(
            kind,
            directory,
            digest,
            parameters=trained.parameters,
            metrics=trained.evaluation.metrics,
            figures=plots.evaluation_figures(trained.evaluation),
            tables={"features": list(trained.model.feature_names), "cutoffs": plan.to_dict()},
            tags={
                "as_of": as_of.isoformat(),
                "horizon_days": str(horizon_days),
                "test_cutoff": plan.test.isoformat(),
                "data_fingerprint": provenance.data_fingerprint,
                "git_revision": provenance.git_revision,
            },
        )


def _train(
    kind: str, frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan, registry: Registry
) -> TrainedPropensity | TrainedSegmentation:
    if kind == "segmentation":
        return train_segmentation(frame, catalogue, plan.as_of, previous=_previous_segmentation(registry))
    return {"purchase": train_purchase, "churn": train_churn}[kind](frame, catalogue, plan)


def _previous_segmentation(registry: Registry) -> SegmentationModel | None:
    champion = registry.with_alias("segmentation", CHAMPION)
    if champion is None:
        return None
    model = artifact.load(champion.directory, champion.digest)
    assert isinstance(model, SegmentationModel)  # noqa: S101 - the registry keeps one kind under one name
    return model


def code_revision() -> str:
    """The commit this code stands at, marked when files differ from it; of an installed wheel its version.

    `unknown` in a checkout without git.
    """
    folder = checkout()
    if folder is None:
        return version("customer-analyzer")
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        described = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return described.stdout.strip() if described.returncode == 0 else "unknown"
