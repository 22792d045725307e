"""One server in a process of its own, for whoever supervises processes otherwise: Docker, Kubernetes, systemd.

Belongs here: the environment of each server where nothing but settings is known, and becoming the server. Does not
belong here: its command line (`programs`), and what prepares the databases (`stack`, by `customer-analyzer migrate`).

`DATABASE_URL` is the server as this process's own login reaches it: the pipeline's, the services' or the backend's. No
process here knows the owner of the database. What servers say goes to standard output, and signals reach them.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from core.errors import DatabaseError, UserError
from core.home import Home, prepare_home, write_private
from core.settings import Settings
from core.storage import Storage
from serving.build import serve_command, serve_environment
from standalone.environment import environment
from standalone.stack import write_dagster_instance
from warehouse.database import execute
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE, Server, given_server
from warehouse.deployments import DeploymentRow, newest_deployment

logger = logging.getLogger("standalone.single_server")

_LOOK_SECONDS = 5
_SERVICE = "serving.service:ModelService"

_OF_THE_PIPELINE = ("DAGSTER_PG_URL", "DATABASE_URL", "DBT_ENV_SECRET_PASSWORD", "MLFLOW_TRACKING_URI")
"""Variables that are none of another process's business; they are empty there."""


def pipeline_environment(settings: Settings) -> dict[str, str]:
    """What Dagster's servers and the worker need, with the pipeline's login."""
    home, server = prepare_home(settings.home), _server(settings)
    write_dagster_instance(home)
    scanned = [server.url(name) for name in (DAGSTER, MLFLOW)]
    return {**environment(settings, home, server), "WORKER_SCANNED": json.dumps(scanned)}


def mlflow_environment(settings: Settings) -> dict[str, str]:
    """What MLflow's pages need, with the pipeline's login. They write nothing into the home."""
    return environment(settings, Home(settings.home), _server(settings))


def backend_environment(settings: Settings) -> dict[str, str]:
    """What the API and the sender need, with the backend's login. Settings of their own are in the environment."""
    return environment(settings, Home(settings.home), _server(settings)) | dict.fromkeys(_OF_THE_PIPELINE, "")


def service_environment(settings: Settings, model: str) -> dict[str, str]:
    """What the service of a model needs, with the services' login. Waits until the model has been deployed.

    The model comes from where its deployment says, so there need be no Bento.
    """
    home, server = Home(settings.home), _server(settings)
    state = Path(os.environ.get("SERVING_STATE_FOLDER") or home.state)
    ledger = Path(os.environ.get("SERVING_LEDGER_FOLDER") or home.ledger)
    for folder in (state, ledger, state / "bentoml"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    deployed = _wait_for_deployment(server, model)
    directory = Storage(home.root, state / "folders").folder(deployed.artifact_uri, deployed.digest)
    build = state / f"build-{model}.json"
    facts = {"kind": model, "version": deployed.model_version, "digest": deployed.digest}
    write_private(build, json.dumps(facts) + "\n")
    return {
        **environment(settings, home, server),
        **dict.fromkeys(_OF_THE_PIPELINE, ""),
        **serve_environment(state / "bentoml", server.url(WAREHOUSE), ledger, state),
        "SERVING_BUILD_FILE": str(build),
        "SERVING_MODEL_DIRECTORY": str(directory),
    }


def service_program(host: str, port: int) -> list[str]:
    """BentoML, with the installed packages in place of a Bento."""
    return serve_command(_SERVICE, host, port)


def become(program: Sequence[str], variables: Mapping[str, str], foreign: str | None = None) -> NoReturn:
    """Replaces this process by a program.

    `foreign` is the name of a program that writes its log in a form of its own: then this process becomes one that
    starts it, hands signals on and writes its lines in our form.
    """
    if foreign is not None:
        program = [sys.executable, "-P", "-m", "core.log_filter", foreign, "--", *program]
    sys.stdout.flush()
    os.execve(program[0], list(program), {**os.environ, **variables})  # noqa: S606


def _server(settings: Settings) -> Server:
    if settings.database_url is None:
        raise UserError(
            "Set DATABASE_URL (or DATABASE_URL_FILE) to the server as this process's login reaches it, as in "
            "postgresql://customer_analyzer_backend_app:PASSWORD@host:5432/warehouse."
        )
    return given_server(settings.database_url, settings.database_password)


def _wait_for_deployment(server: Server, model: str) -> DeploymentRow:
    while True:
        try:
            with server.connect(WAREHOUSE) as connection:
                row = execute(connection, newest_deployment(model))
        except DatabaseError as error:
            logger.warning("%s", error)
        else:
            if row is not None:
                return row
            logger.info("%s has not been deployed yet: run the pipeline once", model)
        time.sleep(_LOOK_SECONDS)
