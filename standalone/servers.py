"""The servers of `up`: the API, the MLflow pages, Dagster's pages, daemon and code server, and a service a model.

Belongs here: where each listens and what it is told. Does not belong here: its command line (`programs`), supervising
processes (`fleet`, `processes`), what a service does (`serving`), and what Dagster runs (`orchestration.definitions`).
"""

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from core.home import LOOPBACK, choose_port, remembered_port
from core.push_keys import ensure_push_key
from ml.kinds import model_kinds
from serving.build import is_built, serve_command, serve_environment
from standalone.pooler import pooled_variables, through_pooler
from standalone.processes import Command
from standalone.programs import (
    api_program,
    dagster_code_program,
    dagster_daemon_program,
    dagster_program,
    mlflow_program,
    worker_program,
    write_workspace,
)
from standalone.stack import Platform
from standalone.telegram_servers import telegram_of
from warehouse.database import execute
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE
from warehouse.deployments import deployed_bentos


def model_servers(platform: Platform, running: Collection[str] = (), replicas: int = 1) -> list[Command]:
    """The services, `replicas` of each, of models that have a deployment and do not run yet.

    The newest deployment whose Bento is here names the Bento.
    """
    with platform.access.pipeline.connect(WAREHOUSE) as connection:
        deployed = execute(connection, deployed_bentos())
    tags = {model: tag for model, tag in deployed if is_built(tag, model, platform.home.bentoml_of(model))}
    deployed_here = [kind.name for kind in model_kinds() if kind.name in tags]
    return [
        _model_server(platform, model, tags[model], replica)
        for model in deployed_here
        for replica in range(1, replicas + 1)
        if replica_name(model, replica) not in running
    ]


def page_servers(platform: Platform) -> list[Command]:
    """The MLflow pages and Dagster's servers. The code server comes first, because the two others load from it."""
    home, ports = platform.home, platform.settings.ports
    code_port = choose_port(home, "dagster_code", None)
    workspace = write_workspace(home, LOOPBACK, code_port)
    mlflow_port = choose_port(home, "mlflow", ports["mlflow"])
    dagster_port = choose_port(home, "dagster", ports["dagster"])
    return [
        Command(
            "mlflow",
            mlflow_program(platform.mlflow_url, platform.settings.artifact_root, LOOPBACK, mlflow_port),
            home.logs / "mlflow.log",
            mlflow_port,
            "/health",
            directory=home.root,
            is_foreign=True,
        ),
        Command(
            "dagster_code",
            dagster_code_program(LOOPBACK, code_port),
            home.logs / "dagster_code.log",
            code_port,
            directory=home.root,
            is_foreign=True,
            # A run that has begun ends by itself.
            keeps_children=True,
        ),
        Command(
            "dagster",
            dagster_program(workspace, LOOPBACK, dagster_port),
            home.logs / "dagster.log",
            dagster_port,
            "/server_info",
            directory=home.root,
            is_foreign=True,
        ),
        Command(
            "dagster_daemon",
            dagster_daemon_program(workspace),
            home.logs / "dagster_daemon.log",
            directory=home.root,
            is_foreign=True,
        ),
    ]


def replica_name(server: str, replica: int) -> str:
    """The name of a replica: that of the server for the first, and `api_2` and so on."""
    return server if replica == 1 else f"{server}_{replica}"


def service_ports(platform: Platform, replicas: int) -> dict[str, list[int]]:
    """The port of each replica of each model's service, whether or not it runs."""
    return {
        kind.name: [_asked_port(platform, replica_name(kind.name, replica)) for replica in range(1, replicas + 1)]
        for kind in model_kinds()
    }


def api_server(platform: Platform, replica: int = 1) -> Command:
    """A replica of the backend API. It knows where every model's service is, also of those that do not run yet."""
    home, name = platform.home, replica_name("api", replica)
    services = {kind.name: f"http://{LOOPBACK}:{_asked_port(platform, kind.name)}" for kind in model_kinds()}
    port = choose_port(home, name, platform.settings.ports.get(name))
    pages = {name: f"http://{LOOPBACK}:{_asked_port(platform, name)}" for name in ("dagster", "mlflow")}
    token, telegram = platform.settings.telegram_bot_token, telegram_of(platform)
    return Command(
        name,
        api_program(LOOPBACK, port),
        home.logs / f"{name}.log",
        port,
        "/readyz",
        environment={
            "WAREHOUSE_URL": through_pooler(home, platform.settings, platform.access.backend).url(WAREHOUSE),
            **pooled_variables(platform.settings, "BACKEND"),
            **_replica(platform),
            "BACKEND_SERVICES": json.dumps(services),
            "BACKEND_SERVICE_KEY_FILE": str(home.service_key),
            "BACKEND_DAGSTER_URL": pages["dagster"],
            "BACKEND_DAGSTER_PAGES": platform.settings.dagster_pages or pages["dagster"],
            "BACKEND_MLFLOW_PAGES": platform.settings.mlflow_pages or pages["mlflow"],
            **({} if token is None else {"TELEGRAM_BOT_TOKEN": token.get_secret_value()}),
            # Nobody signs in by the double's token, but campaigns are tried with it.
            "TELEGRAM_API_URL": telegram.url,
            "BACKEND_TELEGRAM_SENDING_TOKEN": telegram.token,
            # The pipeline's, which is none of the API's business.
            "DBT_ENV_SECRET_PASSWORD": "",
            # Only the worker has the private half.
            "BACKEND_PUSH_PUBLIC_KEY": ensure_push_key(home.push_key),
        },
        directory=home.root,
    )


def _replica(platform: Platform) -> dict[str, str]:
    """Where the API reads reports, if a replica is kept."""
    port = remembered_port(platform.home, "replica") if platform.settings.replica else None
    return {} if port is None else {"BACKEND_REPLICA_URL": replace(platform.access.backend, port=port).url(WAREHOUSE)}


def worker_server(platform: Platform) -> Command:
    """The worker, which exports and erases users, and tells devices, with the pipeline's login."""
    home = platform.home
    scanned = [platform.access.pipeline.url(name) for name in (DAGSTER, MLFLOW)]
    ensure_push_key(home.push_key)
    return Command(
        "worker",
        worker_program(),
        home.logs / "worker.log",
        environment={"WORKER_SCANNED": json.dumps(scanned), "WORKER_PUSH_KEY_FILE": str(home.push_key)},
        directory=home.root,
    )


def _asked_port(platform: Platform, name: str) -> int:
    """Where a server is asked: it may run already, and then its port is not free."""
    return remembered_port(platform.home, name) or _service_port(platform, name)


def _service_port(platform: Platform, name: str) -> int:
    return choose_port(platform.home, name, platform.settings.ports.get(name))


def _bentoml_home(platform: Platform, model: str, name: str) -> Path:
    """The BentoML home of a replica, since none is shared; Bentos are those of the first."""
    first, own = platform.home.bentoml_of(model), platform.home.bentoml_of(name)
    if own != first:
        own.mkdir(mode=0o700, exist_ok=True)
        for folder in ("bentos", "models"):
            (first / folder).mkdir(mode=0o700, exist_ok=True)
            if not (own / folder).is_symlink():
                (own / folder).symlink_to(first / folder)
    return own


def _model_server(platform: Platform, model: str, bento_tag: str, replica: int) -> Command:
    home, name = platform.home, replica_name(model, replica)
    port = _service_port(platform, name)
    return Command(
        name,
        serve_command(bento_tag, LOOPBACK, port),
        home.logs / f"{name}.log",
        port,
        "/readyz",
        environment={
            **serve_environment(
                _bentoml_home(platform, model, name),
                through_pooler(home, platform.settings, platform.access.serving).url(WAREHOUSE),
                home.ledger,
                home.state,
            ),
            **pooled_variables(platform.settings, "SERVING"),
            # The pipeline's, which is none of a service's business.
            "DBT_ENV_SECRET_PASSWORD": "",
        },
        # BentoML itself writes lines of its own; those of the workers are ours.
        is_foreign=True,
    )
