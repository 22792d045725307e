"""What is recommended to a person: by the learned recommender where one may be used, else by counts.

Counts give all who know the same items the same answer, kept until the next run.
"""

import hashlib
from collections.abc import Sequence

import orjson

from backend.recommendations import store
from backend.recommendations.schemas import MOST_RECOMMENDED, Recommendation, Recommendations, Recommender
from backend.resources import Resources
from backend.users.store import ids_of_person
from ml.recommendation.answer import own_sums, rank
from ml.recommendation.recipe import Recipe
from warehouse.item_history import history_of
from warehouse.recommender import RecommenderState, candidates, recommender_state


async def for_user(resources: Resources, user_id: str, limit: int) -> Recommendations:
    """Recommendations under any id of a person; somebody unknown gets what is popular."""
    ids = await resources.database.run(ids_of_person(user_id))
    return await for_person(resources, ids, limit)


async def for_person(resources: Resources, ids: Sequence[str], limit: int) -> Recommendations:
    """The best items for the person with these ids; none before the first run."""
    state = await resources.database.run(recommender_state())
    if state is not None and state.recipe is not None:
        return await _learned(resources, ids, limit, state, Recipe.from_dict(state.recipe))
    return await _counted(resources, ids, limit, None if state is None else state.verdict)


async def _learned(
    resources: Resources, ids: Sequence[str], limit: int, state: RecommenderState, recipe: Recipe
) -> Recommendations:
    database = resources.database
    # A recipe is only ever stored together with the day of its tables.
    as_of = state.as_of or recipe.as_of
    own = own_sums(await database.run(history_of(ids)), as_of)
    found = await database.run(candidates(own["item_id"].to_list(), own["taste"].to_list()))
    best = [
        Recommendation(
            item_id=each.item_id,
            basis="popular" if each.because_of is None else "bought_together",
            because_of=each.because_of,
            buyers=each.buyers,
            is_repeat=each.is_repeat,
        )
        for each in rank(recipe, own, found, limit)
    ]
    recommender = Recommender(is_learned=True, model_version=state.model_version, verdict=state.verdict)
    return Recommendations(as_of=as_of, recommendations=best, recommender=recommender)


async def _counted(resources: Resources, ids: Sequence[str], limit: int, verdict: str | None) -> Recommendations:
    database = resources.database
    recommender = Recommender(is_learned=False, model_version=None, verdict=verdict)
    as_of = await database.run_if_built(store.counted_day())
    if as_of is None:
        return Recommendations(as_of=None, recommendations=[], recommender=recommender)
    known = await database.run(store.known_items(ids))

    async def computed() -> bytes:
        found = await database.run(store.recommended(known, MOST_RECOMMENDED))
        return orjson.dumps([each.model_dump() for each in found])

    name = hashlib.sha256(orjson.dumps((as_of, known))).hexdigest()[:32]
    kept = await resources.cache.answer(f"recommendations {name}", computed)
    found = [Recommendation(**each) for each in orjson.loads(kept)[:limit]]
    return Recommendations(as_of=as_of, recommendations=found, recommender=recommender)
