"""`customer-analyzer serve`: one server in this process, for containers and other supervisors.

Each command becomes the server: it gets the signals, and what it says goes to standard output. Settings come from the
environment; secrets may be in files (`NAME_FILE`).
"""

from pathlib import Path
from typing import Annotated

import typer

from core.home import LOOPBACK
from core.settings import read_settings

app = typer.Typer(
    help="One server in this process, for containers. DATABASE_URL is the server as its own login reaches it.",
    no_args_is_help=True,
)

Host = Annotated[str, typer.Option(help="The address to listen on; in a container 0.0.0.0.")]
CodeServer = Annotated[str, typer.Option(help="HOST:PORT of `serve dagster-code`.")]

Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]


@app.command()
def api(host: Host = LOOPBACK, port: Port = 8000) -> None:
    """The API and the dashboard's pages, with the backend's login."""
    from standalone.programs import api_program
    from standalone.single_server import backend_environment, become

    become(api_program(host, port), backend_environment(read_settings()))


@app.command()
def sender() -> None:
    """The sender of campaigns, with the backend's login."""
    from standalone.programs import sender_program
    from standalone.single_server import backend_environment, become

    become(sender_program(), backend_environment(read_settings()))


@app.command()
def worker() -> None:
    """The worker, which exports and erases users, with the pipeline's login."""
    from standalone.programs import worker_program
    from standalone.single_server import become, pipeline_environment

    become(worker_program(), pipeline_environment(read_settings()))


@app.command()
def bot() -> None:
    """The Telegram bot, which knows no database."""
    from standalone.programs import bot_program
    from standalone.single_server import become

    become(bot_program(), {})


@app.command()
def service(
    model: Annotated[str, typer.Argument(help="The model: segmentation, purchase, churn.")],
    host: Host = LOOPBACK,
    port: Port = 3000,
) -> None:
    """The service of a model, with the services' login; waits until the model has been deployed."""
    from core.logs import configure_logging
    from ml.kinds import model_kind
    from standalone.single_server import become, service_environment, service_program

    configure_logging(model, "info")
    become(service_program(host, port), service_environment(read_settings(), model_kind(model).name), model)


@app.command()
def mlflow(host: Host = LOOPBACK, port: Port = 5000) -> None:
    """MLflow's pages, with the pipeline's login. They know no accounts: keep them behind a gateway."""
    from standalone.programs import mlflow_program
    from standalone.single_server import become, mlflow_environment

    settings = read_settings()
    variables = mlflow_environment(settings)
    become(mlflow_program(variables["MLFLOW_TRACKING_URI"], settings.artifact_root, host, port), variables, "mlflow")


@app.command("dagster-code")
def dagster_code(host: Host = LOOPBACK, port: Port = 4000) -> None:
    """Dagster's code server, in which runs run, with the pipeline's login. One at a time."""
    from dagster import DagsterInstance

    from orchestration.lost_runs import end_runs_of_code_server
    from standalone.environment import exported
    from standalone.programs import dagster_code_program
    from standalone.single_server import become, pipeline_environment

    variables = pipeline_environment(read_settings())
    with exported(variables), DagsterInstance.get() as instance:
        for run_id in end_runs_of_code_server(instance):
            typer.echo(f"Run {run_id} has failed: its code server was replaced.")
    become(dagster_code_program(host, port), variables, "dagster_code")


@app.command()
def dagster(
    code_server: CodeServer,
    host: Host = LOOPBACK,
    port: Port = 3000,
    path_prefix: Annotated[str, typer.Option(help="The path below which a gateway shows them.")] = "",
) -> None:
    """Dagster's pages, with the pipeline's login. They know no accounts: keep them behind a gateway."""
    from core.home import Home
    from standalone.programs import dagster_program, write_workspace
    from standalone.single_server import become, pipeline_environment

    settings = read_settings()
    variables = pipeline_environment(settings)
    workspace = write_workspace(Home(settings.home), *_address(code_server))
    become(dagster_program(workspace, host, port, path_prefix), variables, "dagster")


@app.command("dagster-daemon")
def dagster_daemon(code_server: CodeServer) -> None:
    """Dagster's schedules, sensors and queue, with the pipeline's login. One at a time."""
    from core.home import Home
    from standalone.programs import dagster_daemon_program, write_workspace
    from standalone.single_server import become, pipeline_environment

    settings = read_settings()
    variables = pipeline_environment(settings)
    workspace = write_workspace(Home(settings.home), *_address(code_server))
    become(dagster_daemon_program(workspace), variables, "dagster_daemon")


@app.command()
def exporter(host: Host = LOOPBACK, port: Port = 9000) -> None:
    """The platform's figures for Prometheus, with monitoring's login."""
    from standalone.programs import exporter_program
    from standalone.single_server import backend_environment, become

    told = {"EXPORTER_HOST": host, "EXPORTER_PORT": str(port)}
    become(exporter_program(), backend_environment(read_settings()) | told)


Folder = Annotated[Path, typer.Argument(help="Where they go; the other container sees it under the same name.")]
Api = Annotated[str, typer.Option(help="HOST:PORT of `serve api`.")]


@app.command("gateway-files")
def gateway_files(
    folder: Folder,
    api: Api = "api:8000",
    dagster: Annotated[str, typer.Option(help="HOST:PORT of `serve dagster`.")] = "dagster:3000",
    mlflow: Annotated[str, typer.Option(help="HOST:PORT of `serve mlflow`.")] = "mlflow:5000",
) -> None:
    """Write what nginx reads as the gateway, for a container beside this one."""
    from standalone.container_files import write_gateway_files

    write_gateway_files(read_settings(), folder, api, dagster, mlflow)


@app.command("monitoring-files")
def monitoring_files(
    folder: Folder,
    servers: Annotated[
        list[str], typer.Option("--server", help="NAME=HOST:PORT of what is scraped, named as `up` names it.")
    ],
) -> None:
    """Write what Prometheus and Alertmanager read, for containers beside this one, with the backend's login."""
    from standalone.container_files import write_monitoring_files

    write_monitoring_files(read_settings(), folder, dict(each.split("=", 1) for each in servers))


def _address(code_server: str) -> tuple[str, int]:
    from core.errors import UserError

    host, _, port = code_server.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"--code-server must be HOST:PORT, not {code_server}.")
    return host, int(port)
