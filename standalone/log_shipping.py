"""rsyslog, which brings the lines of all log files of a home to Postgres, to be searched there, and to Elasticsearch.

Belongs here: its configuration and command line. Does not belong here: what is sent where in which form
(`deploy/logs`), and how it is found again (`warehouse.logs`).
"""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import UserError
from core.home import Home, write_private
from core.settings import Settings
from standalone.processes import Command
from standalone.server_user import Identity, hand_over_files, server_identity
from standalone.stack import Platform
from standalone.system_programs import demand_program
from warehouse.databases import WAREHOUSE, Server

TEMPLATES = Path(__file__).resolve().parents[1] / "deploy" / "logs"
MODULES = (
    Path("/usr/lib/x86_64-linux-gnu/rsyslog"),
    Path("/usr/lib/aarch64-linux-gnu/rsyslog"),
    Path("/usr/lib64/rsyslog"),
    Path("/usr/lib/rsyslog"),
)
"""Where distributions keep rsyslog's modules."""

_OPEN = re.compile(r"@\{(\w+)\}")


@dataclass(frozen=True)
class Destination:
    """Where lines go: the part of the configuration that says so, and what it leaves open."""

    template: str
    values: Mapping[str, str]


def demand_shipper(settings: Settings) -> Path:
    """rsyslog's program. Raises UserError where it, or one of its modules that is needed, is missing."""
    program = demand_program("rsyslogd", "--logs", "rsyslog rsyslog-pgsql")
    needed = {"ompgsql": "rsyslog-pgsql"}
    if settings.elasticsearch_url is not None:
        needed["omelasticsearch"] = "rsyslog-elasticsearch"
    for module, package in needed.items():
        if not any((folder / f"{module}.so").exists() for folder in MODULES):
            raise UserError(
                f"--logs needs rsyslog's module {module}, which is not installed here (on Debian and Ubuntu: "
                f"apt-get install {package})."
            )
    return program


def shipper_servers(platform: Platform, pause: int = 5) -> list[Command]:
    """An rsyslog for each destination: one that is away holds no other up.

    Where a destination is away, its rsyslog waits `pause` seconds, and later longer.
    """
    settings, home = platform.settings, platform.home
    program = demand_shipper(settings)
    wanted = {"log_shipper": to_postgres(platform.access.logs)}
    if settings.elasticsearch_url is not None:
        wanted["elasticsearch_shipper"] = to_elasticsearch(settings.elasticsearch_url.get_secret_value())
    return [_server(home, program, name, destination, pause) for name, destination in wanted.items()]


def _server(home: Home, program: Path, name: str, destination: Destination, pause: int) -> Command:
    folder = home.log_shipping / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = folder / "rsyslog.conf"
    write_private(configuration, render(home, folder, destination, pause))
    identity = _identity(folder, program)
    hand_over_files(folder, identity)
    return Command(
        name,
        [str(program), "-n", "-f", str(configuration), "-i", str(folder / "rsyslog.pid")],
        home.logs / f"{name}.log",
        directory=folder,
        launch_options=identity.launch_options,
        is_foreign=True,
    )


def render(home: Home, folder: Path, destination: Destination, pause: int) -> str:
    """The configuration as rsyslog reads it; what it writes is below `folder`."""
    values = {
        **destination.values,
        "folder": _quoted(str(folder)),
        "host": _quoted(socket.gethostname()),
        "pauses": f'action.resumeInterval="{pause}" action.resumeIntervalMax="{12 * pause}"',
        "inputs": "\n".join(map(_input, home.shipped_logs)),
    }
    values["destination"] = _filled(TEMPLATES / destination.template, values)
    return _filled(TEMPLATES / "rsyslog.conf.template", values)


def _filled(template: Path, values: Mapping[str, str]) -> str:
    return _OPEN.sub(lambda place: values[place[1]], template.read_text(encoding="utf-8"))


def to_postgres(server: Server) -> Destination:
    """The warehouse. `server` is Postgres as the login for logs reaches it."""
    tls = "&sslmode=disable" if server.is_embedded else ""
    address = f"{server.url(WAREHOUSE)}?application_name=logs{tls}"
    return Destination("to_postgres.conf.template", {"address": _quoted(address)})


def to_elasticsearch(url: str) -> Destination:
    """An Elasticsearch, at an address that may hold a user and a password. Raises UserError for one that is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise UserError("CUSTOMER_ANALYZER_ELASTICSEARCH_URL must be like https://user:password@host:9200.")
    credential = ""
    if parts.username:
        credential = f'uid="{_quoted(unquote(parts.username))}" pwd="{_quoted(unquote(parts.password or ""))}"'
    values = {
        "server": _quoted(parts.hostname),
        "port": str(parts.port or 9200),
        "https": "on" if parts.scheme == "https" else "off",
        "credential": credential,
    }
    return Destination("to_elasticsearch.conf.template", values)


def _input(path: Path) -> str:
    return (
        f'input(type="imfile" file="{_quoted(str(path))}" tag="log" addMetadata="on" ruleset="ship"'
        ' persistStateAfterSubmission="on" reopenOnTruncate="on")'
    )


def _quoted(text: str) -> str:
    """A text within the quotes of a configuration."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def _identity(folder: Path, program: Path) -> Identity:
    """Root runs it as an ordinary user who may read the log files, which are closed to others."""
    identity = server_identity(folder, program)
    if os.geteuid() == 0 and identity.capability is None:
        return replace(identity, capability="dac_read_search")
    return identity
