"""What `up --monitoring` starts: the exporters that this machine has, Prometheus and Alertmanager, all on loopback.

Belongs here: the command line of each, and what is left out where a program is missing. Does not belong here: their
configuration (`monitoring`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.home import LOOPBACK, choose_port, remembered_port, write_private
from standalone.local_key import ensure_monitoring_keys
from standalone.monitoring import targets_of, write_configuration, write_targets
from standalone.pooler import console_url
from standalone.processes import Command
from standalone.programs import exporter_program
from standalone.stack import Platform
from standalone.system_programs import demand_program, find_program
from warehouse.databases import WAREHOUSE
from warehouse.passfile import password_of

RETENTION = "15d"

_NO_SECRETS = dict.fromkeys(
    ("DATABASE_URL", "DBT_ENV_SECRET_PASSWORD", "PGPASSWORD", "WAREHOUSE_URL", "DAGSTER_PG_URL", "TELEGRAM_BOT_TOKEN"),
    "",
)
"""What these programs need not know."""


@dataclass(frozen=True)
class Monitoring:
    """What is started, and a sentence on each thing that is not."""

    servers: list[Command]
    left_out: list[str]


def demand_prometheus() -> None:
    """Raises UserError that says how to install them where Prometheus or Alertmanager is missing."""
    demand_program("prometheus", "--monitoring")
    demand_program("prometheus-alertmanager", "--monitoring")


def monitoring_servers(platform: Platform, api_url: str, running: Mapping[str, str | None]) -> Monitoring:
    """Exporters, Prometheus and Alertmanager, whose configuration is written. `running`: addresses of other servers.

    Raises UserError where Prometheus or Alertmanager is missing.
    """
    demand_prometheus()
    folder = platform.home.monitoring
    page_url = platform.settings.alert_webhook
    write_configuration(folder, api_url, None if page_url is None else page_url.get_secret_value())
    ensure_monitoring_keys(platform.backend_url, folder)
    exporters, left_out = _exporters(platform, set(running))
    servers = [_own_exporter(platform), *exporters, _alertmanager(platform), _prometheus(platform)]
    watch(platform, dict(running) | {each.name: each.address for each in servers})
    return Monitoring(servers, left_out)


def watch(platform: Platform, servers: Mapping[str, str | None]) -> None:
    """Lets Prometheus scrape the servers of these names and addresses, as far as they have figures, and no others."""
    write_targets(platform.home.monitoring, targets_of(servers))


def _own_exporter(platform: Platform) -> Command:
    console = console_url(platform.home, platform.settings, platform.access.monitoring)
    port = choose_port(platform.home, "exporter", None)
    return Command(
        "exporter",
        exporter_program(),
        platform.home.logs / "exporter.log",
        port,
        "/metrics",
        environment={
            **_NO_SECRETS,
            "WAREHOUSE_URL": platform.access.monitoring.url(WAREHOUSE),
            "EXPORTER_PORT": str(port),
            **({} if console is None else {"EXPORTER_POOLER_URL": console}),
            # One user of a given server does everything: its password is where libpq looks for it.
            "PGPASSWORD": os.environ.get("PGPASSWORD", ""),
        },
        directory=platform.home.root,
    )


def _exporters(platform: Platform, running: set[str]) -> tuple[list[Command], list[str]]:
    """Those of other people, from Debian packages, for what there is to watch."""
    redis_url = os.environ.get("REDIS_URL")
    servers, left_out = [], []
    for name, is_wanted, missing in (
        ("node", True, "the machine is not watched"),
        ("postgres", True, "Postgres is watched from outside only"),
        ("redis", bool(redis_url), "Redis is not watched"),
        ("nginx", "gateway" in running, "nginx is not watched"),
    ):
        program = find_program(f"prometheus-{name}-exporter")
        if not is_wanted:
            left_out.append(f"{name}: this platform runs without it")
        elif program is None:
            left_out.append(f"{name}: {missing} (on Debian and Ubuntu: apt-get install prometheus-{name}-exporter)")
        else:
            servers.append(_exporter(platform, name, program, redis_url))
    return servers, left_out


def _exporter(platform: Platform, name: str, program: Path, redis_url: str | None) -> Command:
    port = choose_port(platform.home, f"{name}_exporter", None)
    address = f"{LOOPBACK}:{port}"
    arguments, environment = {
        "node": ([f"--web.listen-address={address}"], {}),
        "postgres": ([f"--web.listen-address={address}"], _postgres_address(platform)),
        "redis": ([f"-web.listen-address={address}"], {"REDIS_ADDR": redis_url or ""}),
        "nginx": (
            [f"-web.listen-address={address}", f"-nginx.scrape-uri={_nginx_status(platform)}"],
            {},
        ),
    }[name]
    return Command(
        f"{name}_exporter",
        [str(program), *arguments],
        platform.home.logs / f"{name}_exporter.log",
        port,
        environment={**_NO_SECRETS, **environment},
        directory=platform.home.root,
        is_foreign=True,
    )


def _postgres_address(platform: Platform) -> dict[str, str]:
    """How postgres_exporter finds the server. Its driver reads no password file while PGPASSWORD is set."""
    server = platform.access.monitoring
    if server.passfile is None:
        return {"DATA_SOURCE_NAME": server.url(WAREHOUSE), "PGPASSWORD": os.environ.get("PGPASSWORD", "")}
    secret = platform.home.monitoring / "postgres-password"
    write_private(secret, password_of(server.passfile, server.host, server.user))
    tls = "?sslmode=disable" if server.is_embedded else ""
    return {
        "DATA_SOURCE_URI": f"{server.host}:{server.port}/{WAREHOUSE}{tls}",
        "DATA_SOURCE_USER": server.user,
        "DATA_SOURCE_PASS_FILE": str(secret),
    }


def _nginx_status(platform: Platform) -> str:
    return f"http://{LOOPBACK}:{remembered_port(platform.home, 'gateway_internal')}/status"


def _alertmanager(platform: Platform) -> Command:
    folder, port = platform.home.monitoring, choose_port(platform.home, "alertmanager", None)
    return Command(
        "alertmanager",
        [
            str(demand_program("prometheus-alertmanager", "--monitoring")),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            # Alone, it needs no port for others.
            "--cluster.listen-address=",
        ],
        platform.home.logs / "alertmanager.log",
        port,
        "/-/ready",
        environment=_NO_SECRETS,
        directory=folder,
        is_foreign=True,
    )


def _prometheus(platform: Platform) -> Command:
    folder, port = platform.home.monitoring, choose_port(platform.home, "prometheus", None)
    return Command(
        "prometheus",
        [
            str(demand_program("prometheus", "--monitoring")),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={LOOPBACK}:{port}",
        ],
        platform.home.logs / "prometheus.log",
        port,
        "/-/ready",
        environment=_NO_SECRETS,
        directory=folder,
        is_foreign=True,
    )
