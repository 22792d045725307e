"""From marts to a registered challenger: read the frame, train, make it again of newer days, save files, log to MLflow.

One function for every kind of model. Does not belong here: how a model learns (`ml`), when it is trained
(`orchestration.assets.models`).
"""

import math
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
from ml.catalogue import read_catalogue
from ml.cutoffs import plan_cutoffs
from ml.fingerprint import fingerprint
from ml.kinds import ModelKind
from ml.report_tables import report_tables
from registry.mlflow_registry import CHAMPION, JUDGED, RegisteredModel, Registry
from warehouse.events import event_range
from warehouse.marts import Marts


def train_candidate(
    kind: ModelKind, marts: Marts, registry: Registry, as_of: date, horizon_days: int
) -> RegisteredModel:
    """Trains one model for a day and registers it as challenger.

    Raises ml.errors.NotApplicable when the events cannot carry this model at all.
    """
    known = event_range(marts.database, as_of)
    plan = plan_cutoffs(as_of, horizon_days, known.first, known.last)
    catalogue, train = read_catalogue(CATALOGUE), kind.load_trainer()
    if kind.outcome is None:
        frame = marts.snapshot(as_of)
        trained = train(frame, catalogue, as_of, previous=_champion(kind, registry))
    else:
        frame = marts.training_frame(plan.all, horizon_days)
        trained = train(frame, catalogue, plan)
    # What could not be measured is left out.
    metrics = {name: value for name, value in trained.evaluation.metrics.items() if math.isfinite(value)}
    refit = None
    if (refitter := kind.load_refitter()) is not None:
        refit = refitter(trained.model, frame, catalogue, plan)
        metrics |= {f"refit_{name}": value for name, value in refit.checks.items() if math.isfinite(value)}
    parameters = trained.parameters | ({} if refit is None else {"refit": refit.doubt or "made again of all days"})
    provenance = Provenance(
        cutoffs=plan.to_dict(),
        data_fingerprint=fingerprint(frame),
        git_revision=code_revision(),
        metrics=metrics,
        parameters=parameters,
    )
    deployed = trained.model if refit is None else refit.model
    with TemporaryDirectory() as scratch:
        directory, judged = Path(scratch) / kind.name, Path(scratch) / JUDGED
        digest = artifact.save(deployed, directory, provenance=provenance)
        return registry.log_candidate(
            kind.name,
            directory,
            digest,
            judged=None
            if deployed is trained.model
            else (judged, artifact.save(trained.model, judged, provenance=provenance)),
            parameters=parameters,
            metrics=metrics,
            figures=plots.evaluation_figures(trained.evaluation),
            tables={
                "features": list(trained.model.feature_names),
                "cutoffs": plan.to_dict(),
                **report_tables(trained.model, trained.evaluation, frame.filter(pl.col("as_of") == plan.test)),
            },
            tags={
                "as_of": as_of.isoformat(),
                "horizon_days": str(horizon_days),
                "test_cutoff": plan.test.isoformat(),
                "data_fingerprint": provenance.data_fingerprint,
                "git_revision": provenance.git_revision,
            },
        )


def _champion(kind: ModelKind, registry: Registry) -> artifact.Model | None:
    champion = registry.with_alias(kind.name, CHAMPION)
    return None if champion is None else registry.load(champion)


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
