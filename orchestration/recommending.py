"""The recommender as it runs: trained, judged, and made into the tables that answers are made of.

Belongs here: reading and writing around `ml.recommendation`. Does not belong here: learning and judging itself, and
when it is done (`orchestration.assets.recommendations`).
"""

from datetime import date

import polars as pl

from ml.cutoffs import plan_cutoffs
from ml.fingerprint import fingerprint
from ml.recommendation import RECOMMENDATION
from ml.recommendation.evaluation import RECIPE, Hits, judge, make_test
from ml.recommendation.fitting import train_recipe
from ml.recommendation.gate import Verdict, better_than_baselines, not_worse
from ml.recommendation.history import as_of_day
from ml.recommendation.recipe import Recipe
from ml.recommendation.related import item_tables
from orchestration.training import code_revision
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from registry.promotion import promote
from registry.recommending import read_recipe, register_recipe
from warehouse.events import event_range
from warehouse.item_history import read_history, read_identities
from warehouse.marts import Marts
from warehouse.recommender import forgive, note_unused, recommender_state, write_tables


def train_recommender(marts: Marts, registry: Registry, as_of: date, horizon_days: int) -> RegisteredModel:
    """Trains a recipe for a day and registers it as challenger.

    Raises ml.errors.NotApplicable where there is nothing to learn, which is noted where answers are made.
    """
    known = event_range(marts.database, as_of)
    plan = plan_cutoffs(as_of, horizon_days, known.first, known.last)
    history = read_history(marts.database, as_of, marts.training_rows)
    trained = train_recipe(history, plan, read_identities(marts.database))
    return register_recipe(registry, trained, plan, data_fingerprint=fingerprint(history), git_revision=code_revision())


def judge_recommender(marts: Marts, registry: Registry, challenger: RegisteredModel, *, promoted_by: str) -> Verdict:
    """Promotes the challenger if it is better than both baselines and not worse than the champion, out of time.

    Where neither it nor the champion is better than the baselines on the newest matured window, no version is used from
    now on, and the reason is noted where answers are made.
    """
    champion = registry.with_alias(RECOMMENDATION, CHAMPION)
    as_of, test = (date.fromisoformat(challenger.tags[name]) for name in ("as_of", "test_cutoff"))
    history = read_history(marts.database, as_of, marts.training_rows)
    identities = read_identities(marts.database)
    ours = _judged(read_recipe(registry, challenger), history, test, identities)
    verdict = better_than_baselines(ours)
    if champion is not None and champion.version != challenger.version:
        theirs = _judged(read_recipe(registry, champion), history, test, identities)
        beside = not_worse(ours[RECIPE], theirs[RECIPE])
        is_champion_good = better_than_baselines(theirs).passed
        if verdict.passed and is_champion_good:
            verdict = Verdict(beside.passed, f"{verdict.reason}; {beside.reason}", verdict.checks | beside.checks)
    else:
        is_champion_good = verdict.passed
    words = f"{'promoted' if verdict.passed else 'not promoted'}: {verdict.reason}"
    if verdict.passed:
        promote(registry, marts.database, challenger, instead_of=champion, reason=words, promoted_by=promoted_by)
    else:
        registry.note_verdict(RECOMMENDATION, challenger.version, words)
        if champion is not None and is_champion_good:
            marts.database.run(forgive(champion.version))
        else:
            marts.database.run(note_unused(verdict.reason, None if champion is None else champion.version))
    return Verdict(verdict.passed, words, verdict.checks)


def _judged(recipe: Recipe, history: pl.DataFrame, test: date, identities: pl.DataFrame) -> dict[str, Hits]:
    return judge(make_test(history, test, recipe.horizon_days, recipe.method, identities), recipe)


def use_champion(marts: Marts, registry: Registry) -> None:
    """Makes the tables of items by the champion at once, whatever the gate said of it: a person has decided."""
    state, champion = marts.database.run(recommender_state()), registry.champion(RECOMMENDATION)
    marts.database.run(forgive(champion.version))
    learned = date.fromisoformat(champion.as_of)
    make_item_tables(marts, registry, learned if state is None or state.as_of is None else max(state.as_of, learned))


def make_item_tables(marts: Marts, registry: Registry, as_of: date) -> dict[str, int | str] | None:
    """Makes the tables of items as of a day by the champion's recipe; returns figures about them.

    None, and nothing changes, where no version may be used on that day, or where the tables are of a later day.
    """
    state = marts.database.run(recommender_state())
    champion = registry.champion_as_of(RECOMMENDATION, as_of)
    if champion is None or (state is not None and state.refused_version == champion.version):
        return None
    if state is not None and state.model_version is not None and state.as_of is not None and state.as_of > as_of:
        return None
    recipe = read_recipe(registry, champion)
    history = read_history(marts.database, as_of, marts.training_rows)
    known = as_of_day(history, as_of, read_identities(marts.database))
    tables = item_tables(known, as_of, recipe.method)
    write_tables(
        marts.database, tables, champion.version, recipe.to_dict(), champion.tags.get("gate", "promoted by hand")
    )
    return {
        "items": tables.items.height,
        "related_pairs": tables.related.height,
        "model_version": champion.version,
        "method": recipe.method.value,
    }
