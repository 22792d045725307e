"""What an earlier version recorded in MLflow: addresses of the home as paths, which a moved home would not fulfil.

Belongs here: making them addresses that begin with `home:`. Does not belong here: anything that MLflow's client can do.
"""

from psycopg import sql

from core.home import Home
from warehouse.databases import MLFLOW, Server

_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def forget_place(server: Server, home: Home) -> int:
    """Rewrites what MLflow has recorded of the home's artifacts, wherever it says where the home is; how many rows.

    `server` is reached as the owner of MLflow's tables. Costs one small query where there is nothing to do.
    """
    place = f"{home.artifacts.as_uri()}/"
    with server.connect(MLFLOW) as connection:
        (is_used,) = connection.execute("select to_regclass('public.logged_models') is not null").fetchall()[0]
        if not is_used:
            return 0
        query = sql.SQL(
            "update {0} set {1} = 'home:/artifacts/' || substr({1}, %(rest)s) where starts_with({1}, %(place)s)"
        )
        values = {"place": place, "rest": len(place) + 1}
        queries = [query.format(sql.Identifier(table), sql.Identifier(column)) for table, column in _COLUMNS]
        return sum(connection.execute(each, values).rowcount for each in queries)
