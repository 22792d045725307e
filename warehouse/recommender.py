"""The recommender in use, its tables of items, and its promises: `ml.recommender`, `ml.recommended_items` and others.

Belongs here: SQL on these tables. Does not belong here: reading what users did (`warehouse.item_history`), and ranking
(`ml.recommendation`). None of the tables names a user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from ml.recommendation.answer import Candidate
from ml.recommendation.promise import Promise
from ml.recommendation.related import ItemTables
from warehouse.database import Database, Statement, command, execute, first_row, rows

_RELATED = 300
_POPULAR = 100


@dataclass(frozen=True)
class RecommenderState:
    """What recommends. Without a `model_version` no version may be used, and `verdict` says why.

    `refused_version` is a champion that may not be used until it is judged better.
    """

    as_of: date | None
    model_version: int | None
    recipe: Mapping[str, Any] | None
    verdict: str
    refused_version: int | None


def recommender_state() -> Statement[RecommenderState | None]:
    """What recommends; None where no run has judged a recommender yet."""
    return first_row(
        RecommenderState, "select as_of, model_version, recipe, verdict, refused_version from ml.recommender"
    )


def note_unused(verdict: str, refused_version: int | None) -> Statement[int]:
    """No version may be used, and why. The tables of items stay and are not read."""
    return command(
        "insert into ml.recommender (verdict, refused_version) values (%(verdict)s, %(refused)s)"
        " on conflict (is_only) do update set model_version = null, recipe = null, verdict = excluded.verdict,"
        " refused_version = excluded.refused_version, changed_at = now()",
        verdict=verdict,
        refused=refused_version,
    )


def forgive(version: int) -> Statement[int]:
    """A champion that was refused was judged again, and may be used."""
    return command(
        "update ml.recommender set refused_version = null where refused_version = %(version)s", version=version
    )


def write_tables(
    database: Database, tables: ItemTables, model_version: int, recipe: Mapping[str, Any], verdict: str
) -> None:
    """Replaces the tables of items and says which version they are for, in one transaction."""
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("delete from ml.recommended_items")
        cursor.execute("delete from ml.related_items")
        with cursor.copy(
            "copy ml.recommended_items (item_id, buyers, popular_week, popular_month, popular_year) from stdin"
        ) as written:
            for row in tables.items.select(
                "item_id", "buyers", "popular_week", "popular_month", "popular_year"
            ).iter_rows():
                written.write_row(row)
        with cursor.copy("copy ml.related_items (item_id, other_item_id, weight) from stdin") as written:
            for row in tables.related.select("item_id", "other_item_id", "weight").iter_rows():
                written.write_row(row)
        execute(connection, _note_used(tables.as_of, model_version, recipe, verdict))


def _note_used(as_of: date, model_version: int, recipe: Mapping[str, Any], verdict: str) -> Statement[int]:
    return command(
        "insert into ml.recommender (as_of, model_version, recipe, verdict)"
        " values (%(as_of)s, %(model_version)s, %(recipe)s, %(verdict)s) on conflict (is_only) do update"
        " set as_of = excluded.as_of, model_version = excluded.model_version, recipe = excluded.recipe,"
        " verdict = excluded.verdict, refused_version = null, changed_at = now()",
        as_of=as_of,
        model_version=model_version,
        recipe=Jsonb(dict(recipe)),
        verdict=verdict,
    )


@dataclass(frozen=True, slots=True)
class StoredPromise:
    """What was promised for the horizon from `cutoff` on, and what came; `figures` is by name, as stored."""

    cutoff: date
    horizon_days: int
    model_version: int
    users: int
    figures: dict[str, dict[str, Any]]
    is_early: bool
    is_kept: bool


def add_promise(cutoff: date, horizon_days: int, model_version: int, promise: Promise) -> Statement[int]:
    """Stores what came of a promise; of the same day and horizon it is replaced."""
    return command(
        "insert into ml.recommender_promises (cutoff, horizon_days, model_version, users, figures, is_early, is_kept)"
        " values (%(cutoff)s, %(horizon_days)s, %(model_version)s, %(users)s, %(figures)s, %(is_early)s, %(is_kept)s)"
        " on conflict (cutoff, horizon_days) do update set model_version = excluded.model_version,"
        " users = excluded.users, figures = excluded.figures, is_early = excluded.is_early,"
        " is_kept = excluded.is_kept, measured_at = now()",
        cutoff=cutoff,
        horizon_days=horizon_days,
        model_version=model_version,
        users=promise.users,
        figures=Jsonb({name: asdict(figure) for name, figure in promise.figures.items()}),
        is_early=promise.is_early,
        is_kept=promise.is_kept,
    )


def promises(limit: int = 12) -> Statement[list[StoredPromise]]:
    """The newest promises whose horizon is over, the newest first."""
    return rows(
        StoredPromise,
        "select cutoff, horizon_days, model_version, users, figures, is_early, is_kept from ml.recommender_promises"
        " order by cutoff desc, horizon_days limit %(limit)s",
        limit=limit,
    )


def candidates(items: Sequence[str], tastes: Sequence[float]) -> Statement[list[Candidate]]:
    """What may be recommended to who has these items: they themselves, what is related to them, and what is popular."""
    return rows(
        Candidate,
        """
        with own as (
            select item_id, taste from unnest(%(items)s::text[], %(tastes)s::float8[]) as given (item_id, taste)
        ),
        related as (
            select
                other_item_id as item_id, sum(weight * taste) as related,
                (array_agg(item_id order by weight * taste desc, item_id))[1] as because_of
            from ml.related_items inner join own using (item_id)
            where taste > 0
            group by other_item_id
        ),
        chosen as (
            select item_id from own
            union (select item_id from related order by related desc, item_id limit %(related)s)
            union (select item_id from ml.recommended_items order by popular_month desc, item_id limit %(popular)s)
        )
        select
            item_id, buyers, popular_week, popular_month, popular_year, coalesce(related, 0), because_of
        from chosen
        inner join ml.recommended_items using (item_id)
        left join related using (item_id)
        """,
        items=[*items],
        tastes=[*tastes],
        related=_RELATED,
        popular=_POPULAR,
    )
