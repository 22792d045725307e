"""What a service asks of the marts: features by user id, and stored scores in order.

Belongs here: the query for features, and how its answer is read. Does not belong here: connections (`pool.py`), what a
feature means or what is done with it; the queries for scores are in `warehouse/scores.py`.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from psycopg import errors, sql

from serving.errors import SnapshotMissing, WarehouseUnavailable
from serving.pool import Rows, WarehousePool
from serving.targeting import EarlyWarningRequest, Ranked, ScoreStore, TargetingRequest
from warehouse.database import Statement
from warehouse.scores import RankedUser, best_buyers, day_of_scores, likeliest_leavers

# How Postgres sends the elements of an array of double precision, after a header of five integers.
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
_HEADER_BYTES = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Features of the users asked for, as of one day.

    `places` tells each user's row in `values` (rows x features, NaN where undefined); a user nobody had seen by then
    is absent. A user who was merged into another one by then has the other's row. Events that arrived before
    `known_until` count. Of live features, `live_snapshot` says which events Postgres saw (pg_current_snapshot).
    """

    as_of: datetime.date
    places: Mapping[str, int]
    values: NDArray[np.float64]
    known_until: datetime.datetime
    live_snapshot: str | None = None


class FeatureStore(Protocol):
    """Whoever can give features by user id."""

    async def fetch(
        self, user_ids: Sequence[str], feature_names: tuple[str, ...], as_of: datetime.date | None
    ) -> Snapshot:
        """Features in the order of `feature_names`, from the snapshot `as_of` (None: the newest).

        Raises SnapshotMissing or WarehouseUnavailable.
        """
        ...

    async def fetch_live(self, user_ids: Sequence[str], feature_names: tuple[str, ...]) -> Snapshot:
        """Features from everything that has arrived until now, as of tomorrow. Raises WarehouseUnavailable."""
        ...


class Store(FeatureStore, ScoreStore, Protocol):
    """Whatever a service asks of the warehouse."""


class PostgresStore:
    """`marts.user_features` and `ml.scores`: one round trip for a batch, however large.

    A second one only where somebody is not found, who may have been merged into another user.
    """

    def __init__(self, pool: WarehousePool) -> None:
        self._pool = pool

    async def fetch(
        self, user_ids: Sequence[str], feature_names: tuple[str, ...], as_of: datetime.date | None
    ) -> Snapshot:
        """See `FeatureStore.fetch`."""
        rows = await self._rows(*_question(feature_names, user_ids, as_of))
        if missing := set(user_ids).difference(row[1] for row in rows) if len(rows) < len(user_ids) else ():
            rows += await self._merged(feature_names, sorted(missing), rows[0][0] if rows else as_of)
        if not rows:
            # Nobody known, or no snapshot: rare enough for a second question.
            ((day,),) = await self._rows(*_snapshot_question(as_of))
            if day is None:
                raise SnapshotMissing(as_of)
            return Snapshot(day, {}, np.empty((0, len(feature_names))), _midnight(day))
        day = rows[0][0]
        return Snapshot(day, _places(rows), _values(rows, feature_names), _midnight(day))

    async def fetch_live(self, user_ids: Sequence[str], feature_names: tuple[str, ...]) -> Snapshot:
        """See `FeatureStore.fetch_live`."""
        (first, *rows) = await self._rows(_live_query(feature_names), [_text_array(user_ids)])
        as_of, _, _, known_until, snapshot = first
        return Snapshot(as_of, _places(rows), _values(rows, feature_names), known_until, snapshot)

    async def _merged(
        self, feature_names: tuple[str, ...], user_ids: Sequence[str], as_of: datetime.date | None
    ) -> Rows:
        """What `_question` would find for those users who were merged into others, under the ids they were asked by."""
        try:
            return await self._pool.rows(*_question(feature_names, user_ids, as_of, are_merged=True))
        except errors.UndefinedTable:
            # Marts that were built before users could be merged.
            return []

    async def ranked(self, kind: str, asked: TargetingRequest) -> Ranked:
        """See `ScoreStore.ranked`."""
        with _naming_what_is_missing():
            day = await self._pool.run(day_of_scores(kind, asked.as_of))
            if day is None:
                raise SnapshotMissing(asked.as_of)
            return Ranked(day, await self._pool.run(_ranking(asked, day)))

    async def _rows(self, query: str, parameters: Sequence[Any]) -> Rows:
        with _naming_what_is_missing():
            return await self._pool.rows(query, parameters)


@contextmanager
def _naming_what_is_missing() -> Iterator[None]:
    """Turns a table or column that is not there into WarehouseUnavailable, with the way out."""
    try:
        yield
    except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
        raise WarehouseUnavailable("The warehouse has no feature mart yet; run the pipeline once.") from error
    except errors.UndefinedFunction as error:
        raise WarehouseUnavailable("The warehouse has no live features yet; run the pipeline once.") from error
    except errors.UndefinedColumn as error:
        raise WarehouseUnavailable(
            "The feature mart lacks a feature of the model in use; rebuild the mart or deploy a newer model."
        ) from error


def _places(rows: Rows) -> dict[str, int]:
    return {row[1]: place for place, row in enumerate(rows)}


def _values(rows: Rows, feature_names: tuple[str, ...]) -> NDArray[np.float64]:
    content = b"".join(row[2][_HEADER_BYTES:] for row in rows)
    return np.frombuffer(content, _ELEMENT)["value"].astype(np.float64).reshape(len(rows), len(feature_names))


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


def _ranking(asked: TargetingRequest, as_of: datetime.date) -> Statement[list[RankedUser]]:
    """The statement whose answer is the best users of a day for what was asked."""
    if isinstance(asked, EarlyWarningRequest):
        return likeliest_leavers(as_of, asked.cost_per_contact, asked.most, asked.value_of_user)
    return best_buyers(as_of, asked.cost_per_contact, asked.most)


def _question(
    feature_names: tuple[str, ...], user_ids: Sequence[str], as_of: datetime.date | None, *, are_merged: bool = False
) -> tuple[str, list[Any]]:
    query = _query(feature_names, as_of is None, are_merged)
    users = _text_array(user_ids)
    return query, [users] if as_of is None else [users, as_of]


def _text_array(texts: Sequence[str]) -> str:
    """An array as Postgres reads one. psycopg would make it of a list too, but in 2 ms for a thousand, not 0.2."""
    escaped = [text.replace("\\", r"\\").replace('"', r"\"") for text in texts]
    return '{"' + '","'.join(escaped) + '"}'


def _snapshot_question(as_of: datetime.date | None) -> tuple[str, list[Any]]:
    newest = "select max(as_of) from marts.user_features"
    return (newest, []) if as_of is None else (f"{newest} where as_of = $1", [as_of])


@lru_cache(maxsize=4)
def _live_query(feature_names: tuple[str, ...]) -> str:
    """The first row says what is asked of and when, also where nobody is known; a statement sees one moment."""
    query = sql.SQL(
        "with now as materialized ("
        " select (statement_timestamp() at time zone 'UTC')::date + 1 as as_of, statement_timestamp() as moment,"
        " pg_current_snapshot()::text as snapshot)"
        " select as_of, null as user_id, null::bytea as features, moment, snapshot from now"
        " union all"
        " select live.as_of, live.user_id, array_send(array[{}]), null, null"
        " from now cross join marts.live_user_features($1::text[], now.as_of) as live"
    )
    return query.format(_columns(feature_names)).as_string()


def _columns(feature_names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("coalesce({}::double precision, 'NaN')").format(sql.Identifier(name)) for name in feature_names
    )


@lru_cache(maxsize=16)
def _query(feature_names: tuple[str, ...], newest: bool, are_merged: bool) -> str:
    """Features come as the bytes of one array a user, which numpy reads as they are.

    As columns, a thousand users would become a hundred thousand Python objects first. Written once as text: putting
    it together from its parts for each request would cost more than asking it.
    """
    if are_merged:
        query = sql.SQL(
            "select as_of, merged.user_id, array_send(array[{}]) from marts.user_features as features"
            " join marts.merged_users as merged on features.user_id = merged.shown_as"
            " and features.as_of >= merged.valid_from and features.as_of < merged.valid_until"
            " where merged.user_id = any($1) and as_of = {}"
        )
    else:
        query = sql.SQL(
            "select as_of, user_id, array_send(array[{}]) from marts.user_features"
            " where user_id = any($1) and as_of = {}"
        )
    day = sql.SQL("(select max(as_of) from marts.user_features)" if newest else "$2")
    return query.format(_columns(feature_names), day).as_string()
