"""The number of connections that the platform can open, compared with what Postgres allows.

Each figure is what settings and command lines say where these decide, and is otherwise counted in the code.
"""

import re
from pathlib import Path

import yaml

from core.home import prepare_home
from core.settings import Settings
from dbt_project import PROJECT
from ml.kinds import BUILT_IN
from serving.bento import SERVICE_OPTIONS
from serving.settings import ServingSettings
from standalone.environment import MLFLOW_POOL
from standalone.servers import page_servers
from standalone.stack import Platform
from standalone.tuning import Machine, server_settings
from warehouse import training_frame
from warehouse.databases import embedded_server
from warehouse.logins import Access

# Runs, events and schedules, each with an engine of its own.
DAGSTER_STORES = 3
# Scheduler, sensors, queue, monitoring, backfills, assets, freshness: each thread asks one store at a time.
DAGSTER_DAEMONS = 7
# Runs of models, and their versions.
MLFLOW_STORES = 2
# Deployments, keys, the ledger: each worker has a connection for each.
WATCHERS = 3
# The lock on building marts or on promotion, and a training frame: its snapshot, and who reads it.
WAREHOUSE_OF_A_RUN = 2 + training_frame.CONNECTIONS
# One run that Dagster queued, and one that a command started, which does not queue.
RUNS = 2


def test_all_pools_together_fit_into_what_postgres_allows(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    server = embedded_server(home, 5432)
    platform = Platform(
        Settings(home=home.root, database_url=None), home, server, Access(server, server, server, server, server), {}
    )
    pages = {each.name: each for each in page_servers(platform)}
    overflow = re.search(r"--db-pool-max-overflow=(\d+)", " ".join(pages["dagster"].arguments))
    assert overflow is not None
    assert "--workers=1" in pages["mlflow"].arguments
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text())
    # dbt's threads, and the connection that lists relations.
    dbt = profile["customer_analyzer"]["outputs"]["warehouse"]["threads"] + 1
    mlflow = MLFLOW_STORES * sum(int(value) for value in MLFLOW_POOL.values())
    service = SERVICE_OPTIONS["workers"] * (ServingSettings.model_fields["pool_size"].default + WATCHERS)
    most = {
        "services": len(BUILT_IN) * service,
        "Dagster's pages": DAGSTER_STORES * (1 + int(overflow[1])),
        "Dagster's daemon": DAGSTER_DAEMONS,
        # It answers the daemon, a sensor or a schedule at a time, and ends lost runs.
        "Dagster's code server": DAGSTER_STORES,
        "MLflow's pages": mlflow,
        "runs": RUNS * (DAGSTER_STORES + WAREHOUSE_OF_A_RUN + dbt + mlflow),
        # An import, a backfill and a look at the status at the same time.
        "other commands": 1 + (1 + dbt) + 1,
        "up": 2,
    }
    allowed = int(server_settings(Machine(memory=2**34, cores=2, shared_memory=2**33))["max_connections"])
    # Three stay free for a person who must examine a full server.
    assert sum(most.values()) <= allowed - 3, most
    assert sum(most.values()) > allowed / 2, "so many are never used; allow fewer"
