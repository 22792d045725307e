"""What is recommended to a person. All who know the same items get the same answer, kept until the next run."""

import hashlib
from collections.abc import Sequence

import orjson

from backend.recommendations import store
from backend.recommendations.schemas import MOST_RECOMMENDED, Recommendation, Recommendations
from backend.resources import Resources
from backend.users.store import ids_of_person


async def for_user(resources: Resources, user_id: str, limit: int) -> Recommendations:
    """Recommendations under any id of a person; somebody unknown gets what is popular."""
    ids = await resources.database.run(ids_of_person(user_id))
    as_of = await resources.database.run_if_built(store.counted_day())
    return Recommendations(as_of=as_of, recommendations=await for_person(resources, ids, limit))


async def for_person(resources: Resources, ids: Sequence[str], limit: int) -> list[Recommendation]:
    """The best items for the person with these ids; none before the first run."""
    database = resources.database
    as_of = await database.run_if_built(store.counted_day())
    if as_of is None:
        return []
    known = await database.run(store.known_items(ids))

    async def computed() -> bytes:
        found = await database.run(store.recommended(known, MOST_RECOMMENDED))
        return orjson.dumps([each.model_dump() for each in found])

    name = hashlib.sha256(orjson.dumps((as_of, known))).hexdigest()[:32]
    kept = await resources.cache.answer(f"recommendations {name}", computed)
    return [Recommendation(**each) for each in orjson.loads(kept)[:limit]]
