"""What a service asks of the warehouse: features by user id from the mart, and stored scores in order.

Belongs here: the connection pool, the query for features, and what can go wrong with either. Does not belong here:
what a feature means or what is done with it; the queries for scores are in `targeting.py`.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, AsyncRawCursor, DataError, Error, InterfaceError, OperationalError, errors, sql
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from serving.errors import FeaturesUnavailable, SnapshotMissing
from serving.schemas import ModelKind
from serving.settings import ServingSettings
from serving.targeting import NEWEST, QUERIES, Ranked, ScoreStore, TargetingRequest, parameters

# How Postgres sends the elements of an array of double precision, after a header of five integers.
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
_HEADER_BYTES = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Features of the users asked for, as of one day.

    `places` tells each user's row in `values` (rows x features, NaN where undefined); a user nobody had seen by then
    is absent.
    """

    as_of: datetime.date
    places: Mapping[str, int]
    values: NDArray[np.float64]


class FeatureStore(Protocol):
    """Whoever can give features by user id."""

    async def fetch(
        self, user_ids: Sequence[str], feature_names: tuple[str, ...], as_of: datetime.date | None
    ) -> Snapshot:
        """Features in the order of `feature_names`, from the snapshot `as_of` (None: the newest).

        Raises SnapshotMissing or FeaturesUnavailable.
        """
        ...


class Store(FeatureStore, ScoreStore, Protocol):
    """Whatever a service asks of the warehouse."""


class PostgresStore:
    """`marts.user_features` and `ml.scores` behind a bounded pool: one round trip for a batch, however large."""

    def __init__(self, settings: ServingSettings) -> None:
        milliseconds = int(settings.statement_timeout_seconds * 1000)
        self._timeout_seconds = settings.pool_timeout_seconds
        self._pool = AsyncConnectionPool(
            settings.warehouse_url.get_secret_value(),
            kwargs={
                # A single select needs no transaction, and each would cost two more round trips.
                "autocommit": True,
                # Placeholders as Postgres knows them ($1), so that no query is read and rewritten for each request.
                "cursor_factory": AsyncRawCursor,
                "connect_timeout": 3,
                "application_name": "customer-analyzer serving",
                "options": f"-c statement_timeout={milliseconds} -c default_transaction_read_only=on",
            },
            min_size=1,
            max_size=settings.pool_size,
            max_waiting=settings.pool_waiting,
            timeout=settings.pool_timeout_seconds,
            # After an outage the next request tries again at once, instead of waiting for a grown back-off.
            reconnect_timeout=2.0,
            open=False,
            name="features",
        )

    async def open(self) -> None:
        """Start connecting; does not wait, so a service starts while the warehouse is away."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close(timeout=2.0)

    async def fetch(
        self, user_ids: Sequence[str], feature_names: tuple[str, ...], as_of: datetime.date | None
    ) -> Snapshot:
        """See `FeatureStore.fetch`."""
        rows = await self._rows(*_question(feature_names, user_ids, as_of))
        if not rows:
            # Nobody known, or no snapshot: rare enough for a second question.
            ((day,),) = await self._rows(*_snapshot_question(as_of))
            if day is None:
                raise SnapshotMissing(as_of)
            return Snapshot(day, {}, np.empty((0, len(feature_names))))
        content = b"".join(row[2][_HEADER_BYTES:] for row in rows)
        values = np.frombuffer(content, _ELEMENT)["value"].astype(np.float64).reshape(len(rows), len(feature_names))
        return Snapshot(rows[0][0], {row[1]: place for place, row in enumerate(rows)}, values)

    async def ranked(self, kind: ModelKind, asked: TargetingRequest) -> Ranked:
        """See `ScoreStore.ranked`."""
        ((day,),) = await self._rows(NEWEST, [kind, asked.as_of])
        if day is None:
            raise SnapshotMissing(asked.as_of)
        return Ranked(day, await self._rows(QUERIES[kind], parameters(kind, asked, day)))

    async def _rows(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            try:
                return await self._ask(query, parameters)
            except (OperationalError, InterfaceError) as error:
                if isinstance(error, PoolTimeout | TooManyRequests | PoolClosed | errors.QueryCanceled):
                    raise
                # A connection that died while idle is only noticed in use; a fresh one may well work.
                await self._pool.check()
                return await self._ask(query, parameters)
        except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
            raise FeaturesUnavailable("The warehouse has no feature mart yet; run the pipeline once.") from error
        except errors.UndefinedColumn as error:
            raise FeaturesUnavailable(
                "The feature mart lacks a feature of the model in use; rebuild the mart or deploy a newer model."
            ) from error
        except DataError:
            raise
        except Error as error:
            raise FeaturesUnavailable("The warehouse does not answer; try again shortly.") from error

    async def _ask(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        connection: AsyncConnection[Any]
        async with self._pool.connection(self._timeout_seconds) as connection:
            cursor = await connection.execute(query, parameters, prepare=True, binary=True)
            return await cursor.fetchall()


def _question(
    feature_names: tuple[str, ...], user_ids: Sequence[str], as_of: datetime.date | None
) -> tuple[str, list[Any]]:
    query = _query(feature_names, as_of is None)
    users = _text_array(user_ids)
    return query, [users] if as_of is None else [users, as_of]


def _text_array(texts: Sequence[str]) -> str:
    """An array as Postgres reads one. psycopg would make it of a list too, but in 2 ms for a thousand, not 0.2."""
    escaped = [text.replace("\\", r"\\").replace('"', r"\"") for text in texts]
    return '{"' + '","'.join(escaped) + '"}'


def _snapshot_question(as_of: datetime.date | None) -> tuple[str, list[Any]]:
    newest = "select max(as_of) from marts.user_features"
    return (newest, []) if as_of is None else (f"{newest} where as_of = $1", [as_of])


@lru_cache(maxsize=16)
def _query(feature_names: tuple[str, ...], newest: bool) -> str:
    """Features come as the bytes of one array a user, which numpy reads as they are.

    As columns, a thousand users would become a hundred thousand Python objects first. Written once as text: putting
    it together from its parts for each request would cost more than asking it.
    """
    columns = sql.SQL(", ").join(
        sql.SQL("coalesce({}::double precision, 'NaN')").format(sql.Identifier(name)) for name in feature_names
    )
    query = sql.SQL(
        "select as_of, user_id, array_send(array[{}]) from marts.user_features where user_id = any($1) and as_of = {}"
    )
    day = sql.SQL("(select max(as_of) from marts.user_features)" if newest else "$2")
    return query.format(columns, day).as_string()
