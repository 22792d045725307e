"""`customer-analyzer status`: servers, the last events, champions, and how fresh their scores are."""

import socket
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from core.errors import UserError
from core.home import Home
from core.settings import Settings
from ml.kinds import model_kinds
from standalone.postgres import embedded_postgres, running_postmaster
from standalone.up import Up, find_up
from warehouse.databases import WAREHOUSE, Server, embedded_server, given_server

# The names for people of servers that are no model's service. The keys are those of the log files.
_TITLES = {
    "postgres": "Postgres",
    "api": "API",
    "worker": "worker",
    "bot": "bot",
    "sender": "sender",
    "telegram": "Telegram double",
    "mlflow": "MLflow",
    "dagster": "Dagster",
    "dagster_code": "Dagster code server",
    "dagster_daemon": "Dagster daemon",
}


@dataclass(frozen=True)
class ServerRow:
    """One server: its address if it has one, and whether it runs."""

    name: str
    address: str | None
    is_running: bool


@dataclass(frozen=True)
class EventTotals:
    """The events that have arrived. `count` is Postgres' estimate."""

    count: int
    last_occurred_at: datetime | None
    last_received_at: datetime | None
    last_import: str | None
    last_import_at: datetime | None


@dataclass(frozen=True)
class ModelState:
    """A model's champion, its deployment and its newest scores."""

    model: str
    champion: int | None
    champion_since: datetime | None
    deployed: int | None
    scored_as_of: date | None


@dataclass(frozen=True)
class Status:
    """Everything that `status` shows. `problem` says why the part from the warehouse is missing."""

    home: str
    servers: tuple[ServerRow, ...]
    events: EventTotals | None
    models: tuple[ModelState, ...]
    problem: str | None

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON types, with times in ISO 8601."""
        return _to_json_types(asdict(self))  # type: ignore[no-any-return]


def gather(settings: Settings) -> Status:
    """Reads the state of the home without changing it. If Postgres is down, it is started for the time of the query."""
    home = Home(settings.home)
    servers = server_rows(settings, home, find_up(home))
    events: EventTotals | None = None
    models: tuple[ModelState, ...] = ()
    problem = None
    try:
        if settings.database_url is not None:
            events, models = _read_warehouse(given_server(settings.database_url, settings.database_password))
        elif home.postgres.exists():
            with embedded_postgres(home, settings.postgres_port) as port:
                events, models = _read_warehouse(embedded_server(home, port))
        else:
            problem = "There is nothing here yet: start with `customer-analyzer demo` or `events import`."
    except UserError as error:
        problem = str(error)
    return Status(str(home.root), tuple(servers), events, models, problem)


def server_titles() -> dict[str, str]:
    """What a person calls every server there could be, by its name."""
    return _TITLES | {kind.name: f"{kind} service" for kind in model_kinds()}


def server_rows(settings: Settings, home: Home, up: Up | None) -> list[ServerRow]:
    """Every server that `up` can start, and whether it runs."""
    rows = [_postgres_row(settings, home)]
    others = [] if up is None else [name for name in up.servers if name not in server_titles()]
    for name in [*server_titles(), *others]:
        server = up.servers.get(name) if up else None
        if name != "postgres":
            rows.append(ServerRow(name, server["address"] if server else None, server is not None))
    return rows


def servers_table(servers: list[ServerRow] | tuple[ServerRow, ...]) -> Table:
    """Name, address, state."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("server", "address", "state"):
        table.add_column(column, no_wrap=True)
    titles = server_titles()
    for row in servers:
        state = "[green]running[/]" if row.is_running else "[dim]stopped[/]"
        table.add_row(titles.get(row.name, row.name), row.address or "", state)
    return table


def print_status(status: Status, console: Console) -> None:
    """Prints three small tables."""
    console.print(f"Home: {status.home}", highlight=False, soft_wrap=True)
    console.print(servers_table(status.servers), end="\n\n")
    if status.events is not None:
        console.print(_events_table(status.events), end="\n\n")
        console.print(_models_table(status.models, status.events))
    if status.problem is not None:
        console.print(status.problem, highlight=False, soft_wrap=True)


def _postgres_row(settings: Settings, home: Home) -> ServerRow:
    if settings.database_url is not None:
        server = given_server(settings.database_url, settings.database_password)
        return ServerRow("postgres", server.url(WAREHOUSE), _listens(server))
    running = running_postmaster(home)
    address = None if running is None else embedded_server(home, running.port).url(WAREHOUSE)
    return ServerRow("postgres", address, running is not None)


def _listens(server: Server) -> bool:
    try:
        with socket.create_connection((server.host, server.port), timeout=2):
            return True
    except OSError:
        return False


def _read_warehouse(server: Server) -> tuple[EventTotals | None, tuple[ModelState, ...]]:
    with server.connect(WAREHOUSE) as untyped:
        connection: psycopg.Connection[Any] = untyped
        ready = connection.execute("select to_regclass('ml.promotions') is not null").fetchone()
        if ready is None or not ready[0]:
            return None, ()
        # Newest month first, so that reading stops at the first partition with an event.
        months = connection.execute(
            "select relname, n_live_tup from pg_inherits inner join pg_stat_user_tables on relid = inhrelid"
            " where inhparent = 'raw.events'::regclass order by relname desc"
        ).fetchall()
        last: tuple[Any, ...] = (None, None)
        for name, _ in months:
            query = sql.SQL("select max(occurred_at), max(received_at) from {}")
            last = connection.execute(query.format(sql.Identifier("raw", name))).fetchone() or last
            if last[0] is not None:
                break
        imported = connection.execute(
            "select file_name, finished_at from raw.imports where finished_at is not null"
            " order by import_id desc limit 1"
        ).fetchone() or (None, None)
        models = connection.execute(_MODELS, [[kind.name for kind in model_kinds()]]).fetchall()
    count = sum(rows for _, rows in months)
    return EventTotals(count, *last, *imported), tuple(ModelState(*row) for row in models)


_MODELS = """
select
    wanted.model,
    promoted.to_version,
    promoted.promoted_at,
    deployed.model_version,
    (select max(scores.as_of) from ml.scores where scores.model = wanted.model)
from unnest(%s::text[]) with ordinality as wanted (model, place)
left join lateral (
    select to_version, promoted_at from ml.promotions
    where promotions.model = wanted.model order by promotion_id desc limit 1
) as promoted on true
left join lateral (
    select model_version from ml.deployments
    where deployments.model = wanted.model order by deployment_id desc limit 1
) as deployed on true
order by wanted.place
"""


def _events_table(events: EventTotals) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("events", "last happened", "last received", "last import"):
        table.add_column(column)
    imported = "" if events.last_import is None else f"{events.last_import}, {_format_time(events.last_import_at)}"
    table.add_row(
        f"about {events.count:,}",
        _format_time(events.last_occurred_at),
        _format_time(events.last_received_at),
        imported,
    )
    return table


def _models_table(models: tuple[ModelState, ...], events: EventTotals) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("model", "champion", "since", "deployed", "scores as of", "days behind the events"):
        table.add_column(column)
    for model in models:
        behind = ""
        if model.scored_as_of is not None and events.last_occurred_at is not None:
            # Scores as of the day after the last event are up to date.
            behind = str(max(0, (events.last_occurred_at.astimezone(UTC).date() - model.scored_as_of).days + 1))
        table.add_row(
            model.model,
            _version(model.champion),
            _format_time(model.champion_since),
            _version(model.deployed),
            str(model.scored_as_of or ""),
            behind,
        )
    return table


def _version(version: int | None) -> str:
    return "none yet" if version is None else f"version {version}"


def _format_time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _to_json_types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_json_types(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json_types(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
