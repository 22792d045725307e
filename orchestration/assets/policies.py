"""Whom to treat, as assets: the policy is learned again with every retrain, and users are scored by it every day."""

from datetime import UTC, datetime

import dagster as dg

from dbt_project import CATALOGUE
from ml.catalogue import read_catalogue
from ml.errors import NotEnoughData
from ml.policies.policy import Terms
from orchestration.assets.models import FEATURES
from orchestration.partitions import AS_OF
from orchestration.policies import learn_policy, newest_snapshot, score_users
from orchestration.resources import WarehouseResource
from warehouse.policies import policies


@dg.asset(
    group_name="models",
    description="Whom to treat, learned from campaigns by the terms of the last `policy learn`; used only if it is "
    "better than every constant choice. Nothing is learned before the first `policy learn`.",
    kinds={"postgres", "python"},
    partitions_def=AS_OF,
    deps=[FEATURES],
)
def policy(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Learns it anew where somebody has learned one before."""
    marts = warehouse.marts()
    last = marts.database.run(policies(1))
    if not last:
        return dg.MaterializeResult(metadata={"verdict": "No policy was learned yet: customer-analyzer policy learn"})
    terms = Terms(last[0].window_days, last[0].cost_per_contact, last[0].budget_share)
    try:
        stored = learn_policy(marts, read_catalogue(CATALOGUE), terms, datetime.now(UTC), "pipeline")
    except NotEnoughData as error:
        return dg.MaterializeResult(metadata={"verdict": str(error)})
    return dg.MaterializeResult(
        metadata={
            "policy": stored.policy_id,
            "decisions": stored.decisions,
            "is_in_use": stored.learned.is_promoted,
            "verdict": stored.learned.verdict,
        }
    )


@dg.asset(
    group_name="scores",
    description="What a message would change for every user of the newest snapshot, by the policy in use; nobody while "
    "none is in use.",
    kinds={"postgres", "python"},
    partitions_def=AS_OF,
    deps=["policy", FEATURES],
)
def user_effects(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Scores everybody, whatever day the run is for: campaigns choose by what is known now."""
    marts = warehouse.marts()
    as_of = marts.database.run(newest_snapshot())
    return dg.MaterializeResult(metadata={"users": 0 if as_of is None else score_users(marts, as_of)})
