"""The range in which each feature has been seen."""

from collections.abc import Mapping, Sequence
from datetime import date

from psycopg import sql

from warehouse.database import Statement

Ranges = Mapping[str, tuple[float, float]]


def ranges_of(features: Sequence[str], as_of: date) -> Statement[Ranges]:
    """The least and the largest value that users have on a day; a feature that is undefined for all is left out."""
    bounds = sql.SQL(", ").join(
        sql.SQL("min({name})::double precision, max({name})::double precision").format(name=sql.Identifier(name))
        for name in features
    )
    query = sql.SQL("select {} from marts.user_features where as_of = %(as_of)s").format(bounds)

    def read(row: Sequence[float | None]) -> Ranges:
        pairs = zip(features, row[::2], row[1::2], strict=True)
        return {name: (least, most) for name, least, most in pairs if least is not None and most is not None}

    return Statement(query, {"as_of": as_of}, lambda result: read(result.rows[0]))
