"""The command line of every server, whoever supervises it: `up`, or a container.

Belongs here: programs and their options. Does not belong here: ports and environment of a home (`servers`), and those
of a container (`single_server`).
"""

import sys
from pathlib import Path

import yaml

from core.home import Home

DAGSTER_POOL_OVERFLOW = 4
"""How many connections each store of Dagster's pages may open in addition to the one it keeps."""


def api_program(host: str, port: int) -> list[str]:
    """The backend API."""
    return [
        *_program("uvicorn"),
        "--factory",
        "backend.app:create_app",
        f"--host={host}",
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
    ]


def worker_program() -> list[str]:
    """The worker, which exports and erases users."""
    return [sys.executable, "-m", "backend.worker"]


def exporter_program() -> list[str]:
    """The platform's own figures, for Prometheus."""
    return [sys.executable, "-m", "backend.monitoring"]


def sender_program() -> list[str]:
    """The sender of campaigns."""
    return [sys.executable, "-m", "backend.sending"]


def bot_program() -> list[str]:
    """The Telegram bot."""
    return [sys.executable, "-m", "bot"]


def mlflow_program(database_url: str, artifact_root: str, host: str, port: int) -> list[str]:
    """MLflow's pages. `database_url` has no password."""
    return [
        *_program("mlflow"),
        "server",
        f"--backend-store-uri={database_url}",
        f"--default-artifact-root={artifact_root}",
        f"--host={host}",
        f"--port={port}",
        "--workers=1",
    ]


def dagster_code_program(host: str, port: int) -> list[str]:
    """The server of the code location, in which runs are started."""
    return [
        *_program("dagster"),
        "code-server",
        "start",
        "--module-name=orchestration.definitions",
        f"--host={host}",
        f"--port={port}",
    ]


def dagster_program(workspace: Path, host: str, port: int, prefix: str = "") -> list[str]:
    """Dagster's pages. `prefix` is the path below which a gateway shows them."""
    return [
        *_program("dagster-webserver"),
        f"--workspace={workspace}",
        f"--host={host}",
        f"--port={port}",
        # For each of its three stores. The default of 20 would be half of what Postgres allows.
        f"--db-pool-max-overflow={DAGSTER_POOL_OVERFLOW}",
        *([f"--path-prefix={prefix}"] if prefix else []),
    ]


def dagster_daemon_program(workspace: Path) -> list[str]:
    """Dagster's schedules, sensors and queue."""
    return [*_program("dagster-daemon"), "run", f"--workspace={workspace}"]


def write_workspace(home: Home, host: str, port: int) -> Path:
    """Writes where the code location is, for Dagster's pages and daemon; returns the file."""
    location = {"host": host, "port": port, "location_name": "customer_analyzer"}
    file = home.dagster / "workspace.yaml"
    file.write_text(yaml.safe_dump({"load_from": [{"grpc_server": location}]}, sort_keys=False), encoding="utf-8")
    return file


def _program(name: str) -> list[str]:
    """The path of a tool in our own environment, whose folder need not be on PATH."""
    return [str(Path(sys.executable).with_name(name))]
