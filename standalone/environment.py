"""The environment variables of every process of the platform: addresses, credentials, telemetry off.

Only this module knows the variables that each tool reads. No address contains a password.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.home import Home
from core.settings import Settings
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE, Server

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "false",
    "BENTOML_DO_NOT_TRACK": "True",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}

MLFLOW_SAFETY = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}

# Pool size and overflow of each of the two stores (runs, models) in every process. MLflow's defaults, 5 and 10, would
# use up Postgres' connections.
MLFLOW_POOL = {
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "1",
    "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "3",
}


def environment(settings: Settings, home: Home, server: Server) -> dict[str, str]:
    """The variables with which the platform's processes find the databases and their own folders.

    `server` is as the pipeline reaches it. Its password is in the file that PGPASSFILE names, which every connection
    reads anew. Where one user of a given server does everything, it is in PGPASSWORD, and in DBT_ENV_SECRET_PASSWORD,
    which dbt keeps out of its logs.
    """
    return {
        **TELEMETRY_OFF,
        **MLFLOW_SAFETY,
        **MLFLOW_POOL,
        **_credentials(server),
        # Dagster looks for dbt on PATH, which does not contain a virtual environment that was not activated.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        # What `.env` says too: a process that works in another folder would not find that file.
        **settings.variables,
        "WAREHOUSE_URL": server.url(WAREHOUSE),
        "DAGSTER_HOME": str(home.dagster),
        # SQLAlchemy's default is psycopg 3. Dagster uses its connections as context managers, which closes them.
        "DAGSTER_PG_URL": server.url(DAGSTER, driver="psycopg2"),
        "MLFLOW_TRACKING_URI": server.url(MLFLOW),
        # No progress bar for small tables of a run.
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "BENTOML_HOME": str(home.bentoml),
        # For runs of experiments that have no artifact location of their own; otherwise they go to ./mlruns.
        "_MLFLOW_SERVER_ARTIFACT_ROOT": f"{settings.artifact_root}/mlflow",
        "DBT_HOST": server.host,
        "DBT_PORT": str(server.port),
        "DBT_USER": server.user,
        "DBT_DBNAME": WAREHOUSE,
    }


def _credentials(server: Server) -> dict[str, str]:
    if server.passfile is not None:
        return {
            # A password or TLS setting for another server would take precedence over the file.
            **({"PGSSLMODE": "prefer"} if server.is_embedded else server.libpq),
            "PGPASSFILE": str(server.passfile),
            "PGPASSWORD": "",
            # Then libpq, which dbt uses, reads the file.
            "DBT_ENV_SECRET_PASSWORD": "",
        }
    if server.password is not None:
        secret = server.password.get_secret_value()
        return {**server.libpq, "PGPASSWORD": secret, "DBT_ENV_SECRET_PASSWORD": secret}
    # The caller uses libpq's own ways (PGPASSWORD, PGPASSFILE, ~/.pgpass). With an empty password, dbt does the same.
    return {**server.libpq, "DBT_ENV_SECRET_PASSWORD": os.environ.get("PGPASSWORD", "")}


@contextmanager
def exported(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets variables in this process for the duration of the block, then restores the previous values."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
