"""Puts the platform together: a Postgres server, its databases and schema, the environment, Dagster's instance file.

The command line, the tests and the Dagster code location all get their platform here. Does not belong here: the servers
that run on top of it (`servers`).
"""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import yaml

from core.home import Home, prepare_home
from core.settings import Settings
from registry.earlier_addresses import forget_place
from standalone.environment import environment, exported
from standalone.postgres import embedded_postgres
from warehouse.database import Database
from warehouse.databases import (
    MLFLOW,
    WAREHOUSE,
    Server,
    embedded_server,
    given_server,
)
from warehouse.exchange_rates import demand_base_currency
from warehouse.logins import Access, GivenLogins, prepare_server
from warehouse.roles import BACKEND, MONITORING, PIPELINE, SERVING

MAX_RUN_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Platform:
    """A platform whose databases exist and are migrated. `environment` is already exported.

    `server` is the server as its owner reaches it, which only setting it up needs. Everything else uses `access`.
    """

    settings: Settings
    home: Home
    server: Server
    access: Access
    environment: dict[str, str]

    @property
    def warehouse_url(self) -> str:
        return self.access.pipeline.url(WAREHOUSE)

    @property
    def backend_url(self) -> str:
        """The warehouse as the API reaches it: with accounts and keys."""
        return self.access.backend.url(WAREHOUSE)

    @property
    def mlflow_url(self) -> str:
        return self.access.pipeline.url(MLFLOW)


@contextmanager
def running_platform(settings: Settings) -> Iterator[Platform]:
    """A platform that is ready for use, with the embedded Postgres or the one of `DATABASE_URL`.

    Several processes may use the platform of the same home; its Postgres stops with the last of them. Raises UserError
    (or a subclass) that says what to do.
    """
    home = prepare_home(settings.home)
    with ExitStack() as resources:
        if settings.database_url is not None:
            server = given_server(settings.database_url, settings.database_password)
        else:
            port = resources.enter_context(embedded_postgres(home, settings.postgres_port))
            server = embedded_server(home, port)
        access = prepare_server(server, home.passfile, _given_logins(settings))
        if server.is_embedded:
            forget_place(access.pipeline, home)
        write_dagster_instance(home)
        variables = environment(settings, home, access.pipeline)
        resources.enter_context(exported(variables))
        if settings.currency is not None:
            demand_base_currency(Database(access.pipeline.url(WAREHOUSE)), settings.currency)
        yield Platform(settings, home, server, access, variables)


def _given_logins(settings: Settings) -> GivenLogins:
    passwords = {
        PIPELINE: settings.pipeline_password,
        SERVING: settings.serving_password,
        BACKEND: settings.backend_password,
        MONITORING: settings.monitoring_password,
    }
    return GivenLogins(settings.login, {role: given for role, given in passwords.items() if given is not None})


def join_platform(settings: Settings) -> Platform:
    """Joins the platform until this process ends, for a process that cannot use a `with` block.

    A Dagster code location that was started by plain `dagster dev` is such a process.
    """
    resources = ExitStack()
    platform = resources.enter_context(running_platform(settings))
    atexit.register(resources.close)
    return platform


def write_dagster_instance(home: Home) -> None:
    """Writes dagster.yaml. It names the variable that contains the database's address, never the address itself."""
    instance = {
        "storage": {"postgres": {"postgres_url": {"env": "DAGSTER_PG_URL"}}},
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
        },
        # Two trainings at the same time do not help on two cores, and two runs of one day would wait for each other.
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
        # Our own warnings appear among the events of a run.
        "python_logs": {
            "managed_python_loggers": ["ingestion", "orchestration", "registry", "warehouse"],
            "python_log_level": "WARNING",
        },
        "telemetry": {"enabled": False},
    }
    text = "# Written at every start; change standalone/stack.py instead.\n"
    path = home.dagster / "dagster.yaml"
    content = text + yaml.safe_dump(instance, sort_keys=False)
    # The file is written only if it changes, because a running daemon reads it too.
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")
