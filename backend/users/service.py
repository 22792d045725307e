"""What is answered about users: pages of lists, and one user put together from marts, services and the ledger.

Does not belong here: SQL (`store`), or which parameters there are (`schemas`).
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from backend.access.principal import Principal
from backend.database import DatabasePool
from backend.errors import NotFound
from backend.paging import cursor_of, place_of
from backend.predictions import service as predictions
from backend.resources import Resources
from backend.users import store
from backend.users.schemas import (
    Facets,
    FeatureFamily,
    FeatureValue,
    HistoryPage,
    HistoryQuery,
    PageQuery,
    Sort,
    Timeline,
    User,
    UserPage,
    UserQuery,
    UserSummary,
)
from backend.users.selecting import selection_of
from backend.views.store import views_of
from core.problems import FieldError
from ml.catalogue import FeatureCatalogue
from serving.schemas import Freshness

_REASONS = 5
_PLACE = TypeAdapter(store.Place)
_MOMENT = TypeAdapter(tuple[datetime, UUID])


async def users(database: DatabasePool, query: UserQuery) -> UserPage:
    """A page of users. Raises Invalid for a cursor of something else."""
    after = None if query.cursor is None else place_of(query.cursor, _PLACE, lambda place: is_of(place, query.sort))
    properties = [(name, value) for name, _, value in (each.partition(":") for each in query.property)]
    selection = selection_of(query, query.rules, properties)
    page = store.users_page(selection, query.sort, after, query.limit + 1, is_descending=query.order == "desc")
    as_of = await database.run_if_built(store.list_day())
    found = await database.run_if_built(page) or []
    shown = found[: query.limit]
    is_last = len(found) <= query.limit
    return UserPage(as_of=as_of, users=shown, next_cursor=None if is_last else cursor_of(_place(shown[-1], query.sort)))


async def facets(resources: Resources, principal: Principal) -> Facets:
    """By what whoever asks can filter the list."""
    segments = await resources.reports.run_if_built(store.segment_names()) or []
    if principal.account_id is None:
        return Facets(segments=segments, views=[])
    return Facets(segments=segments, views=await resources.database.run(views_of(principal.account_id)))


async def user(resources: Resources, user_id: str, freshness: Freshness) -> User:
    """One user, under any of the ids. Raises NotFound for an id that nobody has."""
    database = resources.database
    ids = await database.run(store.ids_of_person(user_id))
    known = await database.run_if_built(store.summary_of(ids))
    if known is None:
        await _require_events(database, ids, user_id)
        as_of, summary, head, lifetime_value = None, None, user_id, None
    else:
        as_of, summary = known
        head = summary.user_id
        lifetime_value = await database.run(store.lifetime_value_of(head, as_of))
    values, (answers,) = await asyncio.gather(
        _features(database, head, as_of, freshness), predictions.ask(resources.models, [head], freshness, _REASONS)
    )
    return User(
        user_id=head,
        other_ids=sorted(set(ids) - {head}),
        as_of=as_of,
        summary=summary,
        lifetime_value=lifetime_value,
        features_as_of=values.get("as_of"),
        features=in_words(resources.catalogue, values),
        predictions=answers,
    )


async def timeline(database: DatabasePool, user_id: str, query: PageQuery) -> Timeline:
    """A page of a user's events, newest first. Raises NotFound and Invalid."""
    before = None if query.cursor is None else place_of(query.cursor, _MOMENT)
    ids = await database.run(store.ids_of_person(user_id))
    found = await database.run(store.events_page(ids, before, query.limit + 1))
    if not found and before is None:
        await _require_known(database, ids, user_id)
    shown = found[: query.limit]
    last = shown[-1] if len(found) > query.limit else None
    return Timeline(events=shown, next_cursor=last and cursor_of((last.occurred_at, last.event_id)))


async def history(database: DatabasePool, user_id: str, query: HistoryQuery) -> HistoryPage:
    """A page of what was said of a user, newest first. Raises NotFound and Invalid."""
    before = None if query.cursor is None else place_of(query.cursor, _MOMENT)
    ids = await database.run(store.ids_of_person(user_id))
    found = await database.run(store.answers_page(ids, query.model, before, query.limit + 1))
    if not found and before is None:
        await _require_known(database, ids, user_id)
    shown = found[: query.limit]
    place = (shown[-1][1].made_at, shown[-1][0]) if len(found) > query.limit else None
    return HistoryPage(answers=[answer for _, answer in shown], next_cursor=place and cursor_of(place))


@dataclass(frozen=True, slots=True)
class Person:
    """The id under which somebody is shown, all ids, and the day of the list that has them (None: newer than it)."""

    user_id: str
    ids: list[str]
    as_of: date | None


async def person(database: DatabasePool, user_id: str) -> Person:
    """Who has an id. Raises NotFound for an id that nobody has."""
    ids = await database.run(store.ids_of_person(user_id))
    known = await database.run_if_built(store.summary_of(ids))
    if known is None:
        await _require_events(database, ids, user_id)
        return Person(user_id, ids, None)
    return Person(known[1].user_id, ids, known[0])


async def features_on_day(database: DatabasePool, user_id: str, as_of: date) -> dict[str, Any]:
    """The features of a user on a day, by name; none where the user has none."""
    return await database.run(store.features_of(user_id, as_of)) or {}


async def require_known(database: DatabasePool, user_id: str) -> None:
    """Raises NotFound for an id that nobody has."""
    await _require_known(database, await database.run(store.ids_of_person(user_id)), user_id)


async def _require_known(database: DatabasePool, ids: list[str], user_id: str) -> None:
    """Events of an archived month are not there, but who had them is in the list all the same."""
    if await database.run_if_built(store.summary_of(ids)) is None:
        await _require_events(database, ids, user_id)


async def _require_events(database: DatabasePool, ids: list[str], user_id: str) -> None:
    if not await database.run(store.events_page(ids, None, 1)):
        raise NotFound(
            f"No user has the id {user_id!r}; `GET /users?search=` finds ids by how they begin.",
            [FieldError("user_id", "is not the id of a user")],
        )


async def _features(database: DatabasePool, user_id: str, as_of: date | None, freshness: Freshness) -> dict[str, Any]:
    if freshness == "live":
        found = await database.run_if_built(store.live_features_of(user_id))
    else:
        found = None if as_of is None else await features_on_day(database, user_id, as_of)
    return found or {}


def in_words(catalogue: FeatureCatalogue, values: dict[str, Any]) -> list[FeatureFamily]:
    """Values by name as the catalogue words them, family by family; what a mart does not have yet is left out."""
    families: dict[str, list[FeatureValue]] = {}
    for feature in catalogue:
        if feature.name in values:
            value = FeatureValue(
                name=feature.name,
                label=feature.label,
                description=feature.description,
                unit=feature.unit,
                value=values[feature.name],
            )
            families.setdefault(feature.family, []).append(value)
    return [FeatureFamily(family=family, features=features) for family, features in families.items()]


def _place(summary: UserSummary, sort: Sort) -> store.Place:
    return store.Place(sort, None if sort is Sort.USER_ID else getattr(summary, sort.value), summary.user_id)


def is_of(place: store.Place, sort: Sort) -> bool:
    """Whether a list in this order can go on from a place."""
    return place.sort is sort and place.is_sound
