"""`customer-analyzer demo`: the whole pipeline once on real data, from a file of events to answers over HTTP."""

import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer

from cli.console import make_console
from cli.importing import import_with_progress
from cli.predictions import predictions_table
from cli.run import run_everything
from cli.session import Session, session_of
from cli.summary import recommender_line, summarize
from cli.tables import models_table
from cli.visit import Answer, answer_to, visit_table
from core.errors import UserError
from core.settings import read_settings
from ingestion import parse_mapping
from ingestion.cdnow import write_cdnow
from privacy.erasure import erase_user
from serving.client import PredictionClient
from serving.schemas import AnyPrediction
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key, key_to_show
from standalone.servers import api_server, model_servers
from standalone.stack import running_platform
from warehouse.events import imported_files
from warehouse.scores import example_users


def demo(
    data: Annotated[
        Path | None, typer.Option(help="A file of events. [default: CDNOW, 23,570 customers of a CD shop]")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=SOURCE", help="As for: events import.")
    ] = None,
) -> None:
    """Run everything once on real data, start the services, call them, print a summary, stop everything."""
    started = time.monotonic()
    console = make_console()
    if data is not None and not data.is_file():
        raise UserError(f"There is no file {data}; give a Parquet, CSV or JSON lines file of events.")
    with _session_for(data) as session:
        file = data or _cdnow(session)
        console.rule(f"Importing {file.name}")
        import_with_progress(session.platform.warehouse_url, [file], parse_mapping(mapping or []))
        console.rule("Running everything once: events, contracts, marts, models, scores, drift, deployments")
        outcome = run_everything(session, None, session.platform.settings.horizon_days, backtest=False)
        models = summarize(outcome, session.registry)
        console.rule("Asking the services")
        ensure_local_key(session.platform)
        with running_servers(model_servers(session.platform)) as services:
            addresses = {child.command.name: str(child.command.address) for child in services}
            predictions = {model: _sample_predictions(address, session, model) for model, address in addresses.items()}
            console.rule("An event in, the changed answer out: the API")
            with running_servers([api_server(session.platform)]) as (api,):
                visit = _visit(str(api.command.address), session)
        console.print(visit_table(visit))
        console.print(models_table(outcome, models))
        console.print(recommender_line(outcome), highlight=False)
        for model, rows in predictions.items():
            console.print(predictions_table(model, rows))
        home = session.platform.home.root
    console.print(
        f"Done in {time.monotonic() - started:.0f} s; everything is stopped and kept in {home}.\n"
        f"Look around in the UIs: CUSTOMER_ANALYZER_HOME={home} {sys.argv[0]} up",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _session_for(data: Path | None) -> Iterator[Session]:
    """The home, if it is empty or holds only this data; otherwise a home inside it, so that data sets never mix."""
    settings = read_settings()
    known_as = "cdnow" if data is None else str(data.resolve())
    with running_platform(settings) as platform:
        session = session_of(platform)
        files = session.warehouse.run(imported_files())
        marker = platform.home.root / "demo" / "data"
        if not files or (files == [_name(data)] and marker.is_file() and marker.read_text("utf-8") == known_as):
            marker.parent.mkdir(exist_ok=True)
            marker.write_text(known_as, "utf-8")
            yield session
            return
    if settings.database_url is not None:
        raise UserError(
            "The database of DATABASE_URL already holds other events, and the demo never mixes data sets; "
            "give it another server, or unset DATABASE_URL."
        )
    folder = re.sub(r"[^\w.-]+", "_", known_as).strip("_")
    own = settings.model_copy(
        update={"home": settings.home / "demos" / folder, **{f"{server}_port": None for server in settings.ports}}
    )
    with running_platform(own) as platform:
        yield session_of(platform)


def _name(data: Path | None) -> str:
    return "cdnow.parquet" if data is None else data.name


def _cdnow(session: Session) -> Path:
    folder = session.platform.home.root / "demo"
    folder.mkdir(exist_ok=True)
    file = folder / _name(None)
    write_cdnow(file)
    return file


def _visit(address: str, session: Session) -> list[Answer]:
    """What the API answers to the events of a visitor whom nobody knows, who is erased again afterwards.

    So the data stay what they were, and the demo can be run again.
    """
    visitor = f"demo-{secrets.token_hex(4)}"
    headers = {"authorization": f"Bearer {key_to_show(session.platform.settings, session.platform.home)}"}
    try:
        with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
            return [answer_to(client, visitor, event_type) for event_type in ("command", "view", "add_to_cart")]
    finally:
        erase_user(session.warehouse, session.platform.home, visitor, [], is_expected=True)


def _sample_predictions(address: str, session: Session, model: str) -> list[AnyPrediction]:
    """Three predictions: for the users with the highest and the middle score, and for a user nobody has seen."""
    users = [*example_users(session.warehouse, model), "somebody-new"]
    key = key_to_show(session.platform.settings, session.platform.home)
    with PredictionClient(address, api_key=key) as client:
        return client.predict(users).predictions
