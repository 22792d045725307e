"""Learning a policy from the ledger, storing it, and scoring users by the one in use: what the CLI and Dagster both do.

Belongs here: reading, calling `ml.policies`, writing. Does not: learning and judging (`ml.policies.learning`).
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from ml.catalogue import FeatureCatalogue
from ml.policies.decisions import Decisions, decisions_of
from ml.policies.learning import Learned, learn
from ml.policies.policy import Policy, Terms
from warehouse import policies as store
from warehouse.database import Database, Statement, value
from warehouse.decisions import read_decisions
from warehouse.marts import Marts


@dataclass(frozen=True)
class StoredPolicy:
    """A policy as it was learned and stored, and how many users have effects by it: none unless it is in use."""

    policy_id: int
    campaigns: list[str]
    decisions: int
    learned: Learned
    scored_users: int


@dataclass(frozen=True, eq=False)
class Ledger:
    """The decisions that can be learned from, and the campaigns they belong to."""

    campaigns: list[str]
    decisions: Decisions


def read_ledger(
    database: Database,
    catalogue: FeatureCatalogue,
    until: datetime,
    window_days: int,
    campaigns: Collection[str] | None = None,
) -> Ledger:
    """The decisions whose windows closed before `until`. Raises NotEnoughData where there are none to compare."""
    frame = read_decisions(database, until, window_days, campaigns)
    names = [feature.name for feature in catalogue.features]
    return Ledger(sorted(frame["campaign"].unique().to_list()), decisions_of(frame, names))


def learn_policy(
    marts: Marts,
    catalogue: FeatureCatalogue,
    terms: Terms,
    until: datetime,
    learned_by: str,
    campaigns: Collection[str] | None = None,
) -> StoredPolicy:
    """Learns a policy, stores it with its verdict, and scores everybody if it is promoted. Raises NotEnoughData."""
    ledger = read_ledger(marts.database, catalogue, until, terms.window_days, campaigns)
    learned = learn(ledger.decisions, terms)
    policy_id = marts.database.run(
        store.add_policy(
            learned_by,
            ledger.campaigns,
            len(ledger.decisions),
            learned.policy.model.name,
            learned.policy.to_dict(),
            # JSON has no NaN.
            json.loads(json.dumps(learned.report()).replace("NaN", "null")),
            learned.verdict,
            is_promoted=learned.is_promoted,
        )
    )
    as_of = marts.database.run(newest_snapshot())
    scored = 0 if as_of is None else score_users(marts, as_of)
    return StoredPolicy(policy_id, ledger.campaigns, len(ledger.decisions), learned, scored)


def score_users(marts: Marts, as_of: date) -> int:
    """Replaces the effects of all users by those that the policy in use expects on a day; how many, 0 without one."""
    in_use = marts.database.run(store.policy_in_use())
    if in_use is None:
        nobody = pl.DataFrame(
            schema={"user_id": pl.String, "action": pl.String, "effect": pl.Float64, "worth": pl.Float64}
        )
        return store.write_effects(marts.database, None, as_of, nobody)
    policy = load_policy(marts.database, in_use.policy_id)
    return store.write_effects(marts.database, in_use.policy_id, as_of, policy.user_effects(marts.snapshot(as_of)))


def load_policy(database: Database, policy_id: int) -> Policy:
    """A stored policy. Raises LookupError where there is no such."""
    stored = database.run(store.policy_json(policy_id))
    if stored is None:
        raise LookupError(f"There is no policy {policy_id}.")
    return Policy.from_dict(stored)


def newest_snapshot() -> Statement[date | None]:
    """The newest day that has features."""
    return value(lambda as_of: as_of, "select max(as_of) from raw.snapshots where mart = 'user_features'")
