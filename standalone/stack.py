"""Puts the platform together: a server, its databases and schema, the environment, Dagster's instance file.

The one way to a running platform, for the command line, the tests and the Dagster code location. What serves
pages on top of it is in `servers`.
"""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import yaml

from core.home import Home, prepare_home
from core.settings import Settings
from standalone.environment import environment, exported
from standalone.postgres import embedded_postgres
from warehouse.databases import (
    MLFLOW,
    WAREHOUSE,
    Server,
    embedded_server,
    ensure_databases,
    given_server,
)
from warehouse.migration import migrate, read_migrations

MAX_RUN_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Platform:
    """A platform whose databases are there and migrated; `environment` is already exported."""

    settings: Settings
    home: Home
    server: Server
    environment: dict[str, str]

    @property
    def warehouse_url(self) -> str:
        return self.server.url(WAREHOUSE)

    @property
    def mlflow_url(self) -> str:
        return self.server.url(MLFLOW)


@contextmanager
def running_platform(settings: Settings) -> Iterator[Platform]:
    """A platform ready for use: the embedded Postgres, or the one of `DATABASE_URL`.

    Several processes may hold the same home's platform; its Postgres stops with the last of them. Raises
    UserError (or one of its kinds) with a sentence that says what to do.
    """
    home = prepare_home(settings.home)
    with ExitStack() as resources:
        if settings.database_url is not None:
            server = given_server(settings.database_url)
        else:
            port = resources.enter_context(embedded_postgres(home, settings.postgres_port))
            server = embedded_server(home, port)
        ensure_databases(server)
        with server.connect(WAREHOUSE, autocommit=True) as connection:
            migrate(connection, read_migrations())
        write_dagster_instance(home)
        variables = environment(settings, home, server)
        resources.enter_context(exported(variables))
        yield Platform(settings, home, server, variables)


def join_platform(settings: Settings) -> Platform:
    """The platform, held until this process ends: for a process that has no block to hold it in.

    A Dagster code location started by plain `dagster dev` is one.
    """
    resources = ExitStack()
    platform = resources.enter_context(running_platform(settings))
    atexit.register(resources.close)
    return platform


def write_dagster_instance(home: Home) -> None:
    """Writes dagster.yaml. It names the variable that holds the database's address, never the address."""
    instance = {
        "storage": {"postgres": {"postgres_url": {"env": "DAGSTER_PG_URL"}}},
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
        },
        # Two cores' worth of training at once helps nobody, and two runs of one day would only wait for each
        # other.
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 180,
            "cancel_timeout_seconds": 60,
            "poll_interval_seconds": 20,
            "max_runtime_seconds": MAX_RUN_SECONDS,
        },
        "compute_logs": {
            "module": "dagster.core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(home.dagster / "compute_logs")},
        },
        "local_artifact_storage": {
            "module": "dagster.core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(home.dagster)},
        },
        # Our own warnings stand among the events of a run, where whoever looks at the run sees them.
        "python_logs": {
            "managed_python_loggers": ["ingestion", "orchestration", "registry", "warehouse"],
            "python_log_level": "WARNING",
        },
        "telemetry": {"enabled": False},
    }
    text = "# Written at every start; change standalone/stack.py instead.\n"
    path = home.dagster / "dagster.yaml"
    content = text + yaml.safe_dump(instance, sort_keys=False)
    # Left alone when nothing changed: a running daemon reads it too.
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")
