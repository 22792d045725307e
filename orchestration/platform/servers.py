"""The servers of `up`: the MLflow pages, Dagster's pages, daemon and code server, and one service for each model.

Belongs here: the command line of each and the order they start in. How a process is kept is in `processes`; what a
service does is in `serving`; what Dagster runs is in `orchestration.definitions`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from orchestration.errors import PlatformError, UserError
from orchestration.platform.databases import WAREHOUSE
from orchestration.platform.home import LOOPBACK, Home, choose_port, read_json, write_private
from orchestration.platform.processes import Child, Command, start, stop, wait_until_ready
from orchestration.platform.stack import Platform
from orchestration.settings import CHECKOUT
from serving.build import serve_command, serve_environment

MODELS = ("segmentation", "purchase", "churn")
READY_SECONDS = 180
DOWN_SECONDS = 90


@dataclass(frozen=True)
class Up:
    """What an `up` of this home has running, as written in its state file."""

    pid: int
    created: float
    servers: dict[str, dict[str, object]]


def model_servers(platform: Platform) -> list[Command]:
    """One service for each model that has a deployment; the newest deployment says which Bento to start."""
    with platform.server.connect(WAREHOUSE) as connection:
        rows = connection.execute(
            "select distinct on (model) model, bento_tag from ml.deployments order by model, deployment_id desc"
        ).fetchall()
    tags = {str(model): str(tag) for model, tag in rows}
    return [_model_server(platform, model, tags[model]) for model in MODELS if model in tags]


def page_servers(platform: Platform) -> list[Command]:
    """The MLflow pages and Dagster: code server first, as the two others load from it."""
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
                f"--default-artifact-root={home.artifacts.as_uri()}",
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
            directory=CHECKOUT,
        ),
        Command(
            "dagster",
            [
                *_program("dagster-webserver"),
                f"--workspace={workspace}",
                f"--host={LOOPBACK}",
                f"--port={dagster_port}",
            ],
            home.logs / "dagster.log",
            dagster_port,
            "/server_info",
            directory=CHECKOUT,
        ),
        Command(
            "dagster_daemon",
            [*_program("dagster-daemon"), "run", f"--workspace={workspace}"],
            home.logs / "dagster_daemon.log",
            directory=CHECKOUT,
        ),
    ]


@contextmanager
def running_servers(
    platform: Platform, commands: list[Command], on_ready: Callable[[Child], None] = lambda _: None
) -> Iterator[list[Child]]:
    """Servers that answer; stopped at the end. They start side by side, and `on_ready` hears of each.

    Raises PlatformError with the end of a log if one does not come up; the others are stopped then.
    """
    children: list[Child] = []
    try:
        children += [start(command) for command in commands]
        for child in children:
            wait_until_ready(child, READY_SECONDS)
            on_ready(child)
        yield children
    finally:
        stop(children)


@contextmanager
def announced(home: Home, children: list[Child]) -> Iterator[None]:
    """Writes the state file that `status` and `down` read, for as long as the block lasts."""
    me = psutil.Process()
    servers = {child.command.name: {"pid": child.process.pid, "address": child.command.address} for child in children}
    state = {"pid": me.pid, "created": me.create_time(), "servers": servers}
    write_private(home.up, json.dumps(state, indent=2) + "\n")
    try:
        yield
    finally:
        home.up.unlink(missing_ok=True)


def find_up(home: Home) -> Up | None:
    """The `up` that runs for this home, if any; what a killed one left behind does not count."""
    state = read_json(home.up)
    try:
        up = Up(int(state["pid"]), float(state["created"]), dict(state["servers"]))
        # The number alone may by now be another program's.
        is_same = abs(psutil.Process(up.pid).create_time() - up.created) < 1
    except (KeyError, TypeError, ValueError, psutil.NoSuchProcess):
        return None
    return up if is_same else None


def refuse_second_up(home: Home) -> None:
    """Raises UserError if this home is up already."""
    up = find_up(home)
    if up is not None:
        raise UserError(
            f"The platform of {home.root} is already up (process {up.pid}): see `customer-analyzer status`, "
            "stop it with `customer-analyzer down`, or set CUSTOMER_ANALYZER_HOME to another folder."
        )


def take_down(home: Home) -> Up | None:
    """Stops the `up` of this home and returns what ran; None if nothing did. Raises PlatformError if it resists."""
    up = find_up(home)
    if up is None:
        return None
    process = psutil.Process(up.pid)
    try:
        process.terminate()
        process.wait(DOWN_SECONDS)
    except psutil.NoSuchProcess:
        return up
    except psutil.AccessDenied as error:
        raise PlatformError(f"Process {up.pid} is {process.username()}'s: run `down` as that user.") from error
    except psutil.TimeoutExpired as error:
        raise PlatformError(
            f"Process {up.pid} has not stopped after {DOWN_SECONDS} s: look into {home.logs}, or kill it."
        ) from error
    return up


def watch(children: list[Child], seconds: float = 1.0) -> None:
    """Returns never; raises PlatformError when one of the servers ends by itself."""
    while True:
        for child in children:
            if not child.is_running:
                raise PlatformError(
                    f"{child.command.name} has ended with exit code {child.process.returncode} "
                    f"(log: {child.command.log}):\n{child.log_tail()}"
                )
        time.sleep(seconds)


def _model_server(platform: Platform, model: str, bento_tag: str) -> Command:
    home = platform.home
    port = choose_port(home, model, platform.settings.ports[model])
    return Command(
        model,
        serve_command(bento_tag, LOOPBACK, port),
        home.logs / f"{model}.log",
        port,
        "/readyz",
        environment=serve_environment(home.bentoml / model, platform.warehouse_url),
    )


def _workspace(code_port: int) -> str:
    location = {"host": LOOPBACK, "port": code_port, "location_name": "customer_analyzer"}
    return yaml.safe_dump({"load_from": [{"grpc_server": location}]}, sort_keys=False)


def _program(name: str) -> list[str]:
    """A tool of our own environment, whose folder need not be on PATH."""
    return [str(Path(sys.executable).with_name(name))]
