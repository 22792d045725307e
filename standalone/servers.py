"""The servers of `up`: the API, the MLflow pages, Dagster's pages, daemon and code server, and a service a model.

Belongs here: the command line of each. Does not belong here: supervising processes (`fleet`, `processes`), what a
service does (`serving`), and what Dagster runs (`orchestration.definitions`).
"""

import json
import sys
from collections.abc import Collection
from pathlib import Path

import yaml

from core.home import LOOPBACK, choose_port, remembered_port
from ml.kinds import model_kinds
from serving.build import is_built, serve_command, serve_environment
from standalone.processes import Command
from standalone.stack import Platform
from standalone.telegram_servers import telegram_of
from warehouse.database import execute
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE
from warehouse.deployments import deployed_bentos

DAGSTER_POOL_OVERFLOW = 4
"""How many connections each store of Dagster's pages may open in addition to the one it keeps."""


def model_servers(platform: Platform, running: Collection[str] = ()) -> list[Command]:
    """A service for each model that has a deployment and does not run yet; the newest whose Bento is here names it."""
    with platform.access.pipeline.connect(WAREHOUSE) as connection:
        deployed = execute(connection, deployed_bentos())
    tags = {model: tag for model, tag in deployed if is_built(tag, model, platform.home.bentoml_of(model))}
    missing = [kind.name for kind in model_kinds() if kind.name in tags and kind.name not in running]
    return [_model_server(platform, model, tags[model]) for model in missing]


def page_servers(platform: Platform) -> list[Command]:
    """The MLflow pages and Dagster's servers. The code server comes first, because the two others load from it."""
    home, ports = platform.home, platform.settings.ports
    code_port = choose_port(home, "dagster_code", None)
    workspace = home.dagster / "workspace.yaml"
    workspace.write_text(_workspace(code_port), encoding="utf-8")
    mlflow_port = choose_port(home, "mlflow", ports["mlflow"])
    dagster_port = choose_port(home, "dagster", ports["dagster"])
    return [
        Command(
            "mlflow",
            [
                *_program("mlflow"),
                "server",
                f"--backend-store-uri={platform.mlflow_url}",
                f"--default-artifact-root={platform.settings.artifact_root}",
                f"--host={LOOPBACK}",
                f"--port={mlflow_port}",
                "--workers=1",
            ],
            home.logs / "mlflow.log",
            mlflow_port,
            "/health",
            directory=home.root,
        ),
        Command(
            "dagster_code",
            [
                *_program("dagster"),
                "code-server",
                "start",
                "--module-name=orchestration.definitions",
                f"--host={LOOPBACK}",
                f"--port={code_port}",
            ],
            home.logs / "dagster_code.log",
            code_port,
            directory=home.root,
        ),
        Command(
            "dagster",
            [
                *_program("dagster-webserver"),
                f"--workspace={workspace}",
                f"--host={LOOPBACK}",
                f"--port={dagster_port}",
                # For each of its three stores. The default of 20 would be half of what Postgres allows.
                f"--db-pool-max-overflow={DAGSTER_POOL_OVERFLOW}",
            ],
            home.logs / "dagster.log",
            dagster_port,
            "/server_info",
            directory=home.root,
        ),
        Command(
            "dagster_daemon",
            [*_program("dagster-daemon"), "run", f"--workspace={workspace}"],
            home.logs / "dagster_daemon.log",
            directory=home.root,
        ),
    ]


def api_server(platform: Platform) -> Command:
    """The backend API. It knows the address of every model's service, also of those that do not run yet."""
    home = platform.home
    services = {kind.name: f"http://{LOOPBACK}:{_asked_port(platform, kind.name)}" for kind in model_kinds()}
    port = choose_port(home, "api", platform.settings.ports["api"])
    token, telegram = platform.settings.telegram_bot_token, telegram_of(platform)
    return Command(
        "api",
        [
            *_program("uvicorn"),
            "--factory",
            "backend.app:create_app",
            f"--host={LOOPBACK}",
            f"--port={port}",
            "--no-access-log",
            "--no-server-header",
            # The API writes lines of its own, in JSON.
            "--log-level=warning",
            "--timeout-graceful-shutdown=10",
            # Whom to believe is a setting of the API's own.
            "--no-proxy-headers",
            # Listeners say little more than who they are.
            "--ws=websockets-sansio",
            "--ws-max-size=65536",
        ],
        home.logs / "api.log",
        port,
        "/readyz",
        environment={
            "WAREHOUSE_URL": platform.backend_url,
            "BACKEND_SERVICES": json.dumps(services),
            "BACKEND_SERVICE_KEY_FILE": str(home.service_key),
            **({} if token is None else {"TELEGRAM_BOT_TOKEN": token.get_secret_value()}),
            # Nobody signs in by the double's token, but campaigns are tried with it.
            "TELEGRAM_API_URL": telegram.url,
            "BACKEND_TELEGRAM_SENDING_TOKEN": telegram.token,
            # The pipeline's, which is none of the API's business.
            "DBT_ENV_SECRET_PASSWORD": "",
        },
        directory=home.root,
    )


def worker_server(platform: Platform) -> Command:
    """The worker, which exports and erases users with the pipeline's login."""
    home = platform.home
    scanned = [platform.access.pipeline.url(name) for name in (DAGSTER, MLFLOW)]
    return Command(
        "worker",
        [sys.executable, "-m", "backend.worker"],
        home.logs / "worker.log",
        environment={"WORKER_SCANNED": json.dumps(scanned)},
        directory=home.root,
    )


def _asked_port(platform: Platform, model: str) -> int:
    """Where a service is asked: it may run already, and then its port is not free."""
    return remembered_port(platform.home, model) or _service_port(platform, model)


def _service_port(platform: Platform, model: str) -> int:
    return choose_port(platform.home, model, platform.settings.ports.get(model))


def _model_server(platform: Platform, model: str, bento_tag: str) -> Command:
    home = platform.home
    port = _service_port(platform, model)
    return Command(
        model,
        serve_command(bento_tag, LOOPBACK, port),
        home.logs / f"{model}.log",
        port,
        "/readyz",
        environment={
            **serve_environment(
                home.bentoml_of(model), platform.access.serving.url(WAREHOUSE), home.ledger, home.state
            ),
            # The pipeline's, which is none of a service's business.
            "DBT_ENV_SECRET_PASSWORD": "",
        },
    )


def _workspace(code_port: int) -> str:
    location = {"host": LOOPBACK, "port": code_port, "location_name": "customer_analyzer"}
    return yaml.safe_dump({"load_from": [{"grpc_server": location}]}, sort_keys=False)


def _program(name: str) -> list[str]:
    """The path of a tool in our own environment, whose folder need not be on PATH."""
    return [str(Path(sys.executable).with_name(name))]
