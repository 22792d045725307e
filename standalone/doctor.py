"""Whether an installation is as closed as its defaults: each check says what it looked at and what it found.

Belongs here: checks of the machine, the home and the server, in the manner of the CIS benchmarks. Does not belong here:
changing anything, and whether the platform works (`status`).
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import LiteralString

import psutil

from core.home import Home
from standalone.environment import MLFLOW_SAFETY, TELEMETRY_OFF
from standalone.stack import Platform
from standalone.up import find_up
from warehouse.databases import DATABASES, WAREHOUSE
from warehouse.roles import BACKEND, PIPELINE, ROLES, SERVING

SECRET_FILES = ("pgpass", "service-key", "bot-key", "double-token")

_FORBIDDEN = (
    (SERVING, "raw.events", "select"),
    (SERVING, "app.accounts", "select"),
    (SERVING, "ml.ledger", "update"),
    (SERVING, "ml.ledger", "delete"),
    (BACKEND, "raw.events", "update"),
    (BACKEND, "raw.events", "delete"),
    (BACKEND, "app.audit", "insert"),
    (BACKEND, "app.audit", "update"),
    (BACKEND, "app.audit", "delete"),
    (BACKEND, "ml.ledger", "insert"),
    (PIPELINE, "app.accounts", "select"),
    (PIPELINE, "app.signing_keys", "select"),
    (PIPELINE, "app.api_keys", "select"),
)
"""What no part of the platform may do, however it is asked."""

_OTHER_PASSWORDS = (
    "select rolname from pg_authid where rolpassword is not null and not starts_with(rolpassword, 'SCRAM-SHA-256$')"
)
_OTHER_METHODS = (
    "select distinct auth_method from pg_hba_file_rules where auth_method not in ('scram-sha-256', 'reject')"
)
_RIGHT = (
    "select %(role)s::text, %(right)s::text, %(table)s::text"
    " where has_table_privilege(%(role)s::text::name, %(table)s::text, %(right)s::text)"
)
_POWERFUL = (
    "select rolname from pg_roles where rolname = any(%(roles)s)"
    " and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)"
)
_PUBLIC = (
    "select datname from pg_database d, aclexplode(coalesce(datacl, acldefault('d', datdba))) a"
    " where datname = any(%(names)s) and a.grantee = 0 and a.privilege_type = 'CONNECT'"
)
_LOOSE_FUNCTIONS = (
    "select oid::regprocedure::text from pg_proc"
    " where prosecdef and pronamespace::regnamespace::text in ('raw', 'ml', 'app', 'jobs', 'public')"
    " and not exists (select from unnest(proconfig) setting where starts_with(setting, 'search_path='))"
)


@dataclass(frozen=True)
class Finding:
    """What a check found; `fault` is empty where all is well."""

    check: str
    fault: str = ""


def examine(platform: Platform) -> list[Finding]:
    """Every check, on a platform whose Postgres runs."""
    home = platform.home
    return [
        Finding("the home is closed to other users", "; ".join(_open_paths(home))),
        Finding("secrets can be read by their owner alone", "; ".join(_readable_secrets(home))),
        Finding("servers listen on this machine alone", "; ".join(_open_ports(home))),
        Finding("no tool reports home, none loads pickles", "; ".join(_telemetry(platform))),
        *_of_server(platform),
    ]


def _open_paths(home: Home) -> Iterator[str]:
    # Under root, Postgres runs as another user, who must be able to pass through the home.
    for path, allowed in (
        (home.root, 0o011),
        (home.logs, 0),
        (home.artifacts, 0),
        (home.dagster, 0),
        (home.reports, 0),
    ):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077 & ~allowed:
            yield f"{path} has the mode {mode:o}"


def _readable_secrets(home: Home) -> Iterator[str]:
    for name in SECRET_FILES:
        file = home.root / name
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield f"{file} can be read by others"


def _open_ports(home: Home) -> Iterator[str]:
    up = find_up(home)
    pids = [] if up is None else [int(server["pid"]) for server in up.servers.values()]
    for pid in pids:
        yield from open_listeners(pid)


def open_listeners(pid: int) -> Iterator[str]:
    """Where a process or one of its children listens beyond this machine."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in family:
            for connection in process.net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN and not ip_address(connection.laddr.ip).is_loopback:
                    yield f"{process.name()} ({process.pid}) listens on {connection.laddr.ip}:{connection.laddr.port}"
    except psutil.NoSuchProcess:
        return


def _telemetry(platform: Platform) -> Iterator[str]:
    for name, value in (TELEMETRY_OFF | MLFLOW_SAFETY).items():
        if platform.environment.get(name) != value:
            yield f"{name} is {platform.environment.get(name)!r}"


def _of_server(platform: Platform) -> Iterator[Finding]:
    server = platform.server
    with server.connect(WAREHOUSE) as connection:

        def found(query: LiteralString, words: str = "{}", **parameters: object) -> str:
            """What a query returns, each in a sentence."""
            return "; ".join(words.format(*row) for row in connection.execute(query, parameters).fetchall())

        if server.is_embedded:
            # Of a server of your own its administrator decides, and may not let us look.
            yield Finding("passwords are kept as SCRAM", found(_OTHER_PASSWORDS, "{} has another kind"))
            yield Finding("nobody gets in without a password", found(_OTHER_METHODS, "pg_hba.conf lets in by {}"))
        excess = [
            found(_RIGHT, "{} may {} {}", role=role, table=table, right=right) for role, table, right in _FORBIDDEN
        ]
        yield Finding("a role has no more rights than its part", "; ".join(filter(None, excess)))
        roles = found(_POWERFUL, "{} may", roles=[*ROLES])
        yield Finding("roles cannot log in, and none is superuser or makes others", roles)
        public = found(_PUBLIC, "anybody may connect to {}", names=[*DATABASES])
        yield Finding("databases are closed to everybody else", public)
        yield Finding("functions with their owner's rights have a fixed search path", found(_LOOSE_FUNCTIONS))
        is_near = server.is_embedded or server.host in ("localhost", "127.0.0.1", "::1")
        is_encrypted = found("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == "True"
        is_checked = is_encrypted and server.libpq.get("PGSSLMODE") == "verify-full"
        yield Finding(
            "the way to Postgres is inside this machine, or encrypted and the server's name checked",
            "" if is_near or is_checked else "use sslmode=verify-full in DATABASE_URL",
        )
