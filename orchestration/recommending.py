"""The recommender as it runs: trained, judged, and asked later whether it kept what it promised.

Belongs here: reading and writing around `ml.recommendation`. Does not belong here: learning and judging itself, the
tables that answers are made of (`registry.recommending`), and when it is done (`orchestration.assets.recommendations`).
"""

from datetime import date, timedelta

import polars as pl

from ml.cutoffs import plan_cutoffs
from ml.fingerprint import fingerprint
from ml.recommendation import RECOMMENDATION
from ml.recommendation.evaluation import RECIPE, Hits, judge, make_test
from ml.recommendation.fitting import train_recipe
from ml.recommendation.gate import Verdict, better_than_baselines, not_worse
from ml.recommendation.promise import Promise, kept_promise
from ml.recommendation.recipe import Recipe
from orchestration.judging import later_champion
from orchestration.training import code_revision
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from registry.promotion import promote
from registry.recommending import read_recipe, register_recipe
from warehouse.events import event_range
from warehouse.item_history import read_history, read_identities
from warehouse.marts import Marts
from warehouse.recommender import add_promise, forgive, note_unused


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
    now on, and the reason is noted where answers are made. A challenger of a day before the champion's is not judged:
    its window says nothing new of a champion that has learned from it.
    """
    champion = registry.with_alias(RECOMMENDATION, CHAMPION)
    if champion is not None and (refusal := later_champion(challenger, champion)):
        words = f"not promoted: {refusal}"
        registry.note_verdict(RECOMMENDATION, challenger.version, words)
        return Verdict(False, words, {})
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


def check_promise(marts: Marts, registry: Registry, as_of: date) -> Promise | None:
    """Compares what a version ranked one horizon before a day with what was bought since, and stores the figures.

    The version is the one that was to be used on that earlier day, which knew no more. None where there was none.
    """
    champion = registry.with_alias(RECOMMENDATION, CHAMPION)
    if champion is None:
        return None
    cutoff = as_of - timedelta(days=int(champion.tags["horizon_days"]))
    used = registry.champion_as_of(RECOMMENDATION, cutoff)
    if used is None:
        return None
    recipe = read_recipe(registry, used)
    history = read_history(marts.database, as_of, marts.training_rows)
    found = kept_promise(_judged(recipe, history, cutoff, read_identities(marts.database)), used.metrics)
    marts.database.run(add_promise(cutoff, recipe.horizon_days, used.version, found))
    return found
