"""Models as assets: a candidate trained and registered, a champion that passed the gate, for every kind.

Belongs here: the assets and what they report. Not: training (`orchestration.training`), judgement (`ml.gate`).
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from ml.errors import NotApplicable, NotEnoughData
from ml.kinds import ModelKind, model_kinds
from orchestration.judging import judge_challenger
from orchestration.partitions import AS_OF
from orchestration.publishing import publish_version
from orchestration.resources import Choices, RegistryResource, WarehouseResource
from orchestration.training import train_candidate
from registry.mlflow_registry import CHALLENGER, CHAMPION

FEATURES = dg.AssetKey(["marts", "user_features"])
LABELS = dg.AssetKey(["marts", "user_labels"])


def candidate_asset(kind: ModelKind) -> dg.AssetsDefinition:
    """The asset that trains one model on past cutoffs and registers it as challenger."""

    @dg.asset(
        name=f"{kind}_candidate",
        group_name="models",
        description=f"Trains {kind}: {kind.purpose}. Logged to MLflow and registered as challenger.",
        kinds={"mlflow", "python"},
        partitions_def=AS_OF,
        deps=[FEATURES, LABELS],
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                "is_applicable",
                asset=f"{kind}_candidate",
                description="The events can carry this model at all; where they cannot, the rest of the run goes on.",
            )
        ],
    )
    def candidate(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        registry: RegistryResource,
        choices: Choices,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        as_of = date.fromisoformat(context.partition_key)
        opened = registry.open()
        try:
            trained = train_candidate(kind, warehouse.marts(), opened, as_of, choices.horizon_days)
        except (NotApplicable, NotEnoughData) as reason:
            context.log.warning(str(reason))
            yield dg.AssetCheckResult(
                check_name="is_applicable",
                passed=False,
                severity=dg.AssetCheckSeverity.WARN,
                description=str(reason),
            )
            return
        publish_version(opened, warehouse.open(), kind.name, trained.version)
        yield dg.MaterializeResult(
            metadata={
                "version": trained.version,
                "mlflow_run": trained.run_id,
                "model_files": trained.artifact_uri,
                "digest": trained.digest,
                **trained.metrics,
            },
            data_version=dg.DataVersion(trained.digest),
            check_results=[dg.AssetCheckResult(check_name="is_applicable", passed=True)],
        )

    return candidate


def champion_asset(kind: ModelKind) -> dg.AssetsDefinition:
    """The asset that lets the gate decide between champion and challenger."""

    @dg.asset(
        name=f"{kind}_champion",
        group_name="models",
        description=f"The {kind} model in use: the challenger if the gate lets it through, else the champion before.",
        kinds={"mlflow", "python"},
        partitions_def=AS_OF,
        deps=[f"{kind}_candidate", FEATURES, LABELS],
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                "gate", asset=f"{kind}_champion", description="The challenger is not worse than the champion."
            )
        ],
    )
    def champion(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        registry: RegistryResource,
        choices: Choices,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        opened = registry.open()
        challenger = opened.with_alias(kind.name, CHALLENGER)
        if challenger is None:
            raise dg.Failure(f"There is no {kind} challenger; materialize {kind}_candidate first.")
        verdict = judge_challenger(warehouse.marts(), opened, challenger, promoted_by=choices.started_by)
        # A verdict without figures is about the champion itself, or about models that cannot be compared.
        publish_version(opened, warehouse.open(), kind.name, challenger.version, verdict.checks or None)
        gate = dg.AssetCheckResult(
            check_name="gate",
            passed=verdict.promote,
            severity=dg.AssetCheckSeverity.WARN,
            description=verdict.reason,
        )
        champion = opened.with_alias(kind.name, CHAMPION)
        if champion is None:
            # Nothing answers, so nothing downstream has anything to do.
            context.log.warning(f"There is no {kind} champion: {verdict.reason}")
            yield gate
            return
        yield dg.MaterializeResult(
            metadata={
                "version": champion.version,
                "challenger": challenger.version,
                "reason": verdict.reason,
                "checks": dg.MetadataValue.json(dict(verdict.checks)),
            },
            check_results=[gate],
        )

    return champion


def model_assets() -> list[dg.AssetsDefinition]:
    """Candidate and champion of every model."""
    return [make(kind) for kind in model_kinds() for make in (candidate_asset, champion_asset)]
