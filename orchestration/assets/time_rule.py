"""The time rule as checks that block: nothing is trained or scored on marts that know their future.

Belongs here: the checks and what they report. Not: what is compared (`orchestration.time_rule`), or the rule that label
windows of a plan never overlap, which a plan keeps by itself (`ml.cutoffs`).
"""

from collections.abc import Callable
from datetime import date, timedelta

import dagster as dg

from orchestration.assets.models import FEATURES, LABELS
from orchestration.live_answers import compare_live_answers
from orchestration.resources import Choices, WarehouseResource
from orchestration.time_rule import Comparison, compare_features, compare_labels
from warehouse.database import Database

LIVE_FEATURES = dg.AssetKey(["marts", "live_user_features"])


def time_rule_check(
    mart: dg.AssetKey, compare: Callable[[Database, date, int], Comparison]
) -> dg.AssetChecksDefinition:
    """The check that rebuilds a sample of users of one mart."""

    @dg.asset_check(
        asset=mart,
        name="knows_only_the_past",
        blocking=True,
        description="A sample of users, another one every day, rebuilt from raw.events alone, without SQL: the same.",
    )
    def knows_only_the_past(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource, choices: Choices
    ) -> dg.AssetCheckResult:
        # Checks with partitions of their own are still a preview in Dagster; the run's day is there all the same. Of a
        # range it is the last.
        day = date.fromisoformat(context.partition_key_range.end)
        found = compare(warehouse.open(), day, choices.horizon_days)
        return dg.AssetCheckResult(
            passed=found.agrees,
            severity=dg.AssetCheckSeverity.ERROR if found.users else dg.AssetCheckSeverity.WARN,
            description=found.sentence,
            metadata={
                "users": found.users,
                "days": found.days,
                "columns": len(found.compared),
                "users_by_differing_column": dg.MetadataValue.json(found.differing),
                "columns_not_compared": ", ".join(found.not_stated) or "none",
            },
        )

    return knows_only_the_past


@dg.asset_check(
    asset=LIVE_FEATURES,
    name="live_answers_match",
    description="A sample of the live predictions of the day before: features made again from raw.events alone.",
)
def live_answers_match(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Looks at what services said while the day before the run's went on. It blocks nothing: that was said already."""
    day = date.fromisoformat(context.partition_key_range.end) - timedelta(days=1)
    found = compare_live_answers(warehouse.open(), day)
    return dg.AssetCheckResult(
        passed=not found.mismatching,
        severity=dg.AssetCheckSeverity.WARN,
        description=found.sentence,
        metadata={
            "matching": found.matching,
            "mismatching": found.mismatching,
            "missing": found.missing,
            "predictions_by_differing_feature": dg.MetadataValue.json(found.differing),
        },
    )


def time_rule_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of features, of labels and of live answers."""
    return [
        time_rule_check(FEATURES, compare_features),
        time_rule_check(LABELS, compare_labels),
        live_answers_match,
    ]
