"""The global control group beside everybody else, since it began: sums over the users of each.

Belongs here: the query. Does not: what the difference says (`ml.experiments.holdout`).

Whoever was known when the group began counts, by the id that the person is shown under. What a user bought since is the
difference of two snapshots: the newest, and the last one before the group began. An order that came between that
snapshot and the beginning counts in both groups alike.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl
from psycopg import sql

from ml.experiments.holdout import COLUMNS, product_name
from warehouse.database import Statement, first_row


@dataclass(frozen=True, slots=True)
class Span:
    """From which snapshot to which the groups are compared."""

    begun_on: date
    since: date
    until: date


def holdout_span() -> Statement[Span | None]:
    """None where there is no group, or no snapshot from before and after it began."""
    return first_row(
        Span,
        "select begun_on, max(as_of) filter (where as_of <= begun_on) as since, max(as_of) as until"
        " from raw.snapshots"
        " cross join (select (begun_at at time zone 'UTC')::date as begun_on from app.global_control"
        " where ended_at is null) as begun"
        " where mart = 'user_features' group by begun_on"
        " having max(as_of) > begun_on and max(as_of) filter (where as_of <= begun_on) is not null",
    )


_USERS = sql.SQL(
    """
    select
        app.bucket_of(salt, before.user_id) < buckets as is_held_out,
        (coalesce(now.orders_total, 0) - coalesce(before.orders_total, 0))::double precision as orders,
        (coalesce(now.purchase_amount_total, 0) - coalesce(before.purchase_amount_total, 0))::double precision
            as revenue,
        coalesce(before.orders_90d, 0)::double precision as orders_before,
        coalesce(before.purchase_amount_90d, 0)::double precision as revenue_before
    from marts.user_features as before
    inner join marts.user_features as now on before.user_id = now.user_id and now.as_of = %(until)s
    cross join (select salt, buckets from app.global_control where ended_at is null) as held_out
    where before.as_of = %(since)s and not exists (
        select from ml.excluded_users as excluded where excluded.user_id = before.user_id
    )
    """
)


def holdout_sums(span: Span) -> Statement[pl.DataFrame]:
    """For each group: is_held_out, users, the sum of each of COLUMNS since and before, and of products of two."""
    names = [*COLUMNS, *(product_name(one, other) for one in COLUMNS for other in COLUMNS)]
    sums = [sql.SQL("sum({})").format(sql.Identifier(name)) for name in COLUMNS]
    products = [
        sql.SQL("sum({} * {})").format(sql.Identifier(one), sql.Identifier(other))
        for one in COLUMNS
        for other in COLUMNS
    ]
    query = sql.SQL(
        "select is_held_out, count(*)::double precision, {} from ({}) as users group by is_held_out"
    ).format(sql.SQL(", ").join([*sums, *products]), _USERS)
    schema = pl.Schema({"is_held_out": pl.Boolean(), "users": pl.Float64()} | dict.fromkeys(names, pl.Float64()))
    given = {"since": span.since, "until": span.until}
    return Statement(query, given, lambda result: pl.DataFrame(result.rows, schema=schema, orient="row"))
