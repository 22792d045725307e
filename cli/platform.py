"""`customer-analyzer up`, `down` and `status`: the platform as a whole."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from cli.options import AsJson
from core.settings import read_settings

if TYPE_CHECKING:
    from core.settings import Settings
    from standalone.fleet import Fleet
    from standalone.layout import Layout
    from standalone.processes import Command
    from standalone.rolling import Requests
    from standalone.stack import Platform


def up(
    gateway: Annotated[bool, typer.Option("--gateway", help="Put nginx in front: TLS, limits, two replicas.")] = False,
    api_replicas: Annotated[int, typer.Option(min=1, max=8, help="Replicas of the API behind the gateway.")] = 2,
    service_replicas: Annotated[int, typer.Option(min=1, max=8, help="Replicas of each model's service.")] = 1,
    monitoring: Annotated[
        bool, typer.Option("--monitoring", help="Watch it: Prometheus, Alertmanager and the exporters that are here.")
    ] = False,
    logs: Annotated[
        bool, typer.Option("--logs", help="Make all logs searchable by rsyslog: `customer-analyzer logs search`.")
    ] = False,
    backup_to: Annotated[
        Path | None, typer.Option("--backup-to", metavar="DIR", help="Back up to this folder all the time.")
    ] = None,
    replica: Annotated[bool, typer.Option("--replica", help="Keep a replica of Postgres, which reports read.")] = False,
    synchronous: Annotated[
        bool, typer.Option("--synchronous", help="With --replica: a commit waits until the replica has it on disk.")
    ] = False,
    pooled: Annotated[
        bool, typer.Option("--pooled", help="Put PgBouncer before Postgres for API and services.")
    ] = False,
) -> None:
    """Start the platform and print the addresses; Ctrl-C stops all. A model that is deployed later gets a service
    too."""
    from cli.backups import with_backups
    from core.home import prepare_home
    from standalone.backups.keys import keyring_of
    from standalone.fleet import Fleet
    from standalone.layout import chosen_layout
    from standalone.pooler import demand_pooler
    from standalone.replica import prepare_replica
    from standalone.rolling import Requests
    from standalone.stack import running_platform
    from standalone.up import exclusive_up

    settings = with_backups(read_settings(), backup_to)
    settings = settings.model_copy(
        update={
            "replica": settings.replica or replica,
            "synchronous": settings.synchronous or synchronous,
            "pooled": settings.pooled or pooled,
            "logs": settings.logs or logs,
        }
    )
    left_out = missing_parts(settings, gateway=gateway, monitoring=monitoring)
    if "logs" in left_out:
        settings = settings.model_copy(update={"logs": False})
    layout = chosen_layout(gateway and "gateway" not in left_out, api_replicas, service_replicas)
    home = prepare_home(settings.home)
    # What is missing is said before anything starts.
    if settings.backup_to is not None:
        keyring_of(home)
    if settings.replica:
        prepare_replica(settings, home)
    if settings.pooled:
        demand_pooler(settings)
    console, restarts = Console(), Requests()
    try:
        with (
            exclusive_up(home),
            running_platform(settings) as platform,
            Fleet() as fleet,
            _until_stop_signal(console),
            restarts.heard(),
        ):
            is_watched = monitoring and "monitoring" not in left_out
            _serve(platform, fleet, console, layout, restarts, [*left_out.values()], is_watched=is_watched)
    except KeyboardInterrupt:
        console.print("Stopped.")


def missing_parts(settings: "Settings", *, gateway: bool, monitoring: bool) -> dict[str, str]:
    """Which of the parts that were asked for this machine lacks the programs of: by name, a sentence that says so.

    Nothing is less safe without them: every address is on loopback.
    """
    from core.errors import UserError
    from standalone.gateway_server import demand_nginx
    from standalone.log_shipping import demand_shipper
    from standalone.monitoring_servers import demand_prometheus

    missing = {}
    for name, is_wanted, demand in (
        ("gateway", gateway, demand_nginx),
        ("monitoring", monitoring, demand_prometheus),
        ("logs", settings.logs, partial(demand_shipper, settings)),
    ):
        try:
            if is_wanted:
                demand()
        except UserError as error:
            missing[name] = str(error)
    return missing


def down() -> None:
    """Stop what `up` of this home started in another terminal."""
    from core.home import Home
    from standalone.up import stop_up

    home = Home(read_settings().home)
    with Console().status("Stopping"):
        stopped = stop_up(home)
    typer.echo(f"Nothing is up in {home.root}." if stopped is None else f"Stopped what was up in {home.root}.")


def restart() -> None:
    """Restart the API's replicas of `up --gateway` one after another, so that no request fails."""
    from core.home import Home
    from standalone.rolling import ask_for_restart

    home = Home(read_settings().home)
    with Console().status("Restarting the replicas of the API"):
        count = ask_for_restart(home)
    typer.echo(f"Restarted {count} replicas of the API, one after another.")


def status(as_json: AsJson = False) -> None:
    """Show what runs and where, the last events, the champions and how fresh their scores are."""
    from cli.status import gather, print_status

    found = gather(read_settings())
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        print_status(found, Console())


def _serve(
    platform: "Platform",
    fleet: "Fleet",
    console: Console,
    layout: "Layout",
    restarts: "Requests",
    left_out: list[str],
    *,
    is_watched: bool,
) -> NoReturn:
    from dagster import DagsterInstance

    from cli.status import server_rows, servers_table
    from cli.supervising import supervise
    from ml.kinds import model_kinds
    from orchestration.lost_runs import end_lost_runs
    from standalone.layout import first_servers, last_servers
    from standalone.local_key import ensure_local_key
    from standalone.telegram_servers import telegram_of
    from standalone.up import announce, find_up

    console.print(f"Starting; logs are in {platform.home.logs}", highlight=False, soft_wrap=True)
    if platform.access.problem:
        console.print(platform.access.problem, highlight=False, soft_wrap=True)
    ensure_local_key(platform)
    with DagsterInstance.get() as instance:
        end_lost_runs(instance)
        with console.status("Starting MLflow, Dagster and the services") as spinner:
            _start_beside_postgres(platform, fleet)
            first = first_servers(platform, layout)
            fleet.start(first, lambda child: spinner.update(f"{child.command.name} is ready; starting the rest"))
            fleet.start([*last_servers(platform, layout, first), *_archivers(platform), *_shippers(platform)])
            not_watched = _start_watching(platform, fleet) if is_watched else []
        announce(platform.home, fleet.children)
        console.print(servers_table(server_rows(platform.settings, platform.home, find_up(platform.home))))
        if not fleet.names & {kind.name for kind in model_kinds()}:
            console.print("No model is deployed yet: `customer-analyzer run` trains and deploys them.")
        console.print(
            "The services need a key; print this home's own with: customer-analyzer keys local", highlight=False
        )
        _print_dashboard(platform, fleet, console)
        if telegram_of(platform).is_double:
            console.print(
                f"Without TELEGRAM_BOT_TOKEN a double is Telegram; chat with the bot at {telegram_of(platform).url}",
                highlight=False,
            )
        for each in not_watched:
            console.print(f"Not watched: {each}", highlight=False)
        for each in left_out:
            console.print(f"Left out: {each}", highlight=False)
        console.print("Ctrl-C stops all.")
        supervise(platform, fleet, instance, console, restarts, layout.service_replicas)


def _start_beside_postgres(platform: "Platform", fleet: "Fleet") -> None:
    """What stands between Postgres and the others comes before them: their addresses depend on it."""
    from standalone.pooler import pooler_server
    from standalone.replica import demand_replica, replica_server

    if platform.settings.replica:
        fleet.start([replica_server(platform)])
        if platform.settings.synchronous:
            demand_replica(platform.server)
    if platform.settings.pooled:
        fleet.start([pooler_server(platform)])


def _start_watching(platform: "Platform", fleet: "Fleet") -> list[str]:
    """Starts what watches the others; returns a sentence on each thing that is not watched."""
    from standalone.monitoring_servers import monitoring_servers

    addresses = fleet.addresses
    monitoring = monitoring_servers(platform, str(addresses["api"]), addresses)
    fleet.start(monitoring.servers)
    return monitoring.left_out


def _archivers(platform: "Platform") -> "list[Command]":
    """The process that archives, where backups go somewhere."""
    from standalone.backups.archiving import archiver

    return [] if platform.settings.backup_to is None else [archiver(platform.home)]


def _shippers(platform: "Platform") -> "list[Command]":
    """What brings logs to where they are searched, where that is wanted."""
    from standalone.log_shipping import shipper_servers

    return shipper_servers(platform) if platform.settings.logs else []


def _print_dashboard(platform: "Platform", fleet: "Fleet", console: Console) -> None:
    """Says where the dashboard is, and how to get the first account."""
    from backend.accounts.store import accounts
    from backend.pages.endpoints import BUILT, PREFIX
    from warehouse.database import Database

    addresses = {child.command.name: child.command.address for child in fleet.children}
    address = addresses.get("gateway", addresses["api"])
    is_built = (BUILT / "index.html").is_file()
    where = f"{address}{PREFIX}/" if is_built else "not built; run `make web`"
    console.print(f"Dashboard: {where}", highlight=False)
    if is_built and not Database(platform.backend_url).run(accounts()):
        console.print("Nobody has an account yet. In another terminal: customer-analyzer accounts create-admin EMAIL")


@contextmanager
def _until_stop_signal(console: Console) -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the block like Ctrl-C. Further signals do not interrupt the stopping."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for each in signals:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        console.print("Stopping")
