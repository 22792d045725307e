"""Features by user id, from the mart in the warehouse.

Belongs here: the one query, its connection pool, and what can go wrong with either. Does not belong here: what a
feature means, or what is done with it.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from psycopg import AsyncConnection, DataError, Error, InterfaceError, OperationalError, errors, sql
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from serving.errors import FeaturesUnavailable, SnapshotMissing
from serving.settings import ServingSettings

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Features of the users asked for, as of one day; a user nobody had seen by then is absent."""

    as_of: datetime.date
    values: Mapping[str, Values]


class FeatureStore(Protocol):
    """Whoever can give features by user id."""

    async def fetch(
        self, user_ids: Sequence[str], feature_names: tuple[str, ...], as_of: datetime.date | None
    ) -> Snapshot:
        """Features in the order of `feature_names`, from the snapshot `as_of` (None: the newest).

        Raises SnapshotMissing or FeaturesUnavailable.
        """
        ...


class PostgresFeatureStore:
    """`marts.user_features` behind a bounded pool: one round trip for a batch, however large."""

    def __init__(self, settings: ServingSettings) -> None:
        milliseconds = int(settings.statement_timeout_seconds * 1000)
        self._timeout_seconds = settings.pool_timeout_seconds
        self._pool = AsyncConnectionPool(
            settings.warehouse_url.get_secret_value(),
            # Autocommit: a single select needs no transaction, and each would cost two more round trips.
            kwargs={
                "autocommit": True,
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
        parameters: dict[str, Any] = {"user_ids": list(user_ids)}
        if as_of is not None:
            parameters["as_of"] = as_of
        rows = await self._rows(_query(feature_names, as_of is None), parameters)
        snapshot_day: datetime.date | None = rows[0][0]
        if snapshot_day is None:
            raise SnapshotMissing(as_of)
        return Snapshot(snapshot_day, {row[1]: row[2:] for row in rows if row[1] is not None})

    async def _rows(self, query: sql.Composed, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
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

    async def _ask(self, query: sql.Composed, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        connection: AsyncConnection[Any]
        async with (
            self._pool.connection(self._timeout_seconds) as connection,
            connection.cursor(binary=True) as cursor,
        ):
            await cursor.execute(query, parameters, prepare=True)
            return await cursor.fetchall()


@lru_cache(maxsize=16)
def _query(feature_names: tuple[str, ...], newest: bool) -> sql.Composed:
    """The left join always yields a row, so one answer tells an unknown user from an absent snapshot."""
    snapshot_day = (
        sql.SQL("select max(as_of) as as_of from marts.user_features")
        if newest
        else sql.SQL("select max(as_of) as as_of from marts.user_features where as_of = %(as_of)s")
    )
    columns = sql.SQL(", ").join(
        sql.SQL("features.{}::double precision").format(sql.Identifier(name)) for name in feature_names
    )
    return sql.SQL(
        "with snapshot as ({}) select snapshot.as_of, features.user_id, {} from snapshot "
        "left join marts.user_features as features "
        "on features.as_of = snapshot.as_of and features.user_id = any(%(user_ids)s)"
    ).format(snapshot_day, columns)
