"""Recommendations as assets: a recipe trained and judged, and the tables of items that answers are made of."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from ml.errors import NotApplicable, NotEnoughData
from ml.recommendation import RECOMMENDATION
from orchestration.assets.models import FEATURES
from orchestration.partitions import AS_OF
from orchestration.publishing import publish_version
from orchestration.recommending import check_promise, judge_recommender, train_recommender
from orchestration.resources import Choices, RegistryResource, WarehouseResource
from registry.mlflow_registry import CHALLENGER
from registry.recommending import make_item_tables
from warehouse.recommender import note_unused


@dg.asset(
    name=f"{RECOMMENDATION}_candidate",
    group_name="models",
    description="Trains recommendation: which items a user buys next, from what people buy and view together.",
    kinds={"mlflow", "python"},
    partitions_def=AS_OF,
    deps=[FEATURES],
    output_required=False,
    check_specs=[
        dg.AssetCheckSpec(
            "is_applicable",
            asset=f"{RECOMMENDATION}_candidate",
            description="Events name items that people buy; where they do not, what is popular is recommended.",
        )
    ],
)
def recommendation_candidate(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, registry: RegistryResource, choices: Choices
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Trains and registers a challenger."""
    as_of, opened = date.fromisoformat(context.partition_key), registry.open()
    try:
        trained = train_recommender(warehouse.marts(), opened, as_of, choices.horizon_days)
    except (NotApplicable, NotEnoughData) as reason:
        context.log.warning(str(reason))
        warehouse.open().run(note_unused(str(reason), None))
        yield dg.AssetCheckResult(
            check_name="is_applicable", passed=False, severity=dg.AssetCheckSeverity.WARN, description=str(reason)
        )
        return
    publish_version(opened, warehouse.open(), RECOMMENDATION, trained.version)
    yield dg.MaterializeResult(
        metadata={"version": trained.version, "mlflow_run": trained.run_id, **trained.metrics},
        data_version=dg.DataVersion(trained.digest),
        check_results=[dg.AssetCheckResult(check_name="is_applicable", passed=True)],
    )


@dg.asset(
    name=f"{RECOMMENDATION}_champion",
    group_name="models",
    description="The recommender in use, if one is better out of time than most-popular and the user's own repeats.",
    kinds={"mlflow", "python"},
    partitions_def=AS_OF,
    deps=[f"{RECOMMENDATION}_candidate"],
    check_specs=[
        dg.AssetCheckSpec(
            "gate",
            asset=f"{RECOMMENDATION}_champion",
            description="The challenger is better than both baselines and not worse than the champion.",
        )
    ],
)
def recommendation_champion(
    warehouse: WarehouseResource, registry: RegistryResource, choices: Choices
) -> dg.MaterializeResult:
    """Lets the gate decide."""
    opened = registry.open()
    challenger = opened.with_alias(RECOMMENDATION, CHALLENGER)
    if challenger is None:
        raise dg.Failure(f"There is no challenger; materialize {RECOMMENDATION}_candidate first.")
    verdict = judge_recommender(warehouse.marts(), opened, challenger, promoted_by=choices.started_by)
    publish_version(opened, warehouse.open(), RECOMMENDATION, challenger.version, verdict.checks or None)
    gate = dg.AssetCheckResult(
        check_name="gate", passed=verdict.passed, severity=dg.AssetCheckSeverity.WARN, description=verdict.reason
    )
    return dg.MaterializeResult(
        metadata={"challenger": challenger.version, "reason": verdict.reason}, check_results=[gate]
    )


@dg.asset(
    group_name="scores",
    description="How popular items are and which go together, by the recommender in use; what the API answers from.",
    kinds={"postgres", "python"},
    partitions_def=AS_OF,
    deps=[f"{RECOMMENDATION}_champion", FEATURES],
    output_required=False,
)
def recommended_items(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, registry: RegistryResource
) -> Iterator[dg.MaterializeResult]:
    """Makes the tables of items."""
    figures = make_item_tables(warehouse.marts(), registry.open(), date.fromisoformat(context.partition_key))
    if figures is None:
        context.log.warning("No recommender may be used; what is popular is recommended.")
        return
    yield dg.MaterializeResult(metadata={**figures})


@dg.asset(
    group_name="monitoring",
    description="What the recommender had ranked one horizon ago beside what was bought since: foretold and came.",
    kinds={"postgres", "python"},
    partitions_def=AS_OF,
    deps=["recommended_items"],
    output_required=False,
    check_specs=[
        dg.AssetCheckSpec(
            "keeps_its_promise",
            asset=f"{RECOMMENDATION}_promise",
            description="Recall and NDCG of the first ten items are not surely below what the test had foretold.",
        )
    ],
    name=f"{RECOMMENDATION}_promise",
)
def recommendation_promise(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, registry: RegistryResource
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Compares them."""
    found = check_promise(warehouse.marts(), registry.open(), date.fromisoformat(context.partition_key))
    if found is None:
        yield dg.AssetCheckResult(
            check_name="keeps_its_promise", passed=True, description="No version was in use one horizon ago."
        )
        return
    came = {f"{name}_came": figure.came for name, figure in found.figures.items()}
    foretold = {f"{name}_foretold": figure.foretold for name, figure in found.figures.items()}
    yield dg.MaterializeResult(
        metadata={"users": found.users, **came, **foretold},
        check_results=[
            dg.AssetCheckResult(
                check_name="keeps_its_promise", passed=found.is_kept, severity=dg.AssetCheckSeverity.WARN
            )
        ],
    )


def recommendation_assets() -> list[dg.AssetsDefinition]:
    """From a candidate to the tables of items, and what came of them."""
    return [recommendation_candidate, recommendation_champion, recommended_items, recommendation_promise]
