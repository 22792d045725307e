"""`customer-analyzer models`: list, compare, promote, level and roll back models."""

import getpass
import json
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, ModelArgument, OptionalModel, RegisteredArgument

if TYPE_CHECKING:
    from cli.session import Session
    from registry.mlflow_registry import RegisteredModel, Registry
    from warehouse.database import Database

app = typer.Typer(help="The model registry: list, compare, promote, level and roll back.", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="The reason, which is recorded.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List every version of every model, with its aliases and figures."""
    from cli.console import make_console
    from cli.session import open_session
    from cli.tables import versions_table
    from ml.kinds import model_kinds
    from ml.recommendation import RECOMMENDATION

    names = [*(kind.name for kind in model_kinds()), RECOMMENDATION]
    with open_session() as session:
        versions = {name: session.registry.versions(name) for name in names}
        aliases = {name: session.registry.aliases(name) for name in names}
    if as_json:
        listed = [
            version.to_dict() | {"aliases": aliases[version.kind]} for name in names for version in versions[name]
        ]
        typer.echo(json.dumps(listed))
        return
    for name in names:
        make_console().print(versions_table(name, versions[name], aliases[name]))


@app.command()
def history(model: OptionalModel = None, as_json: AsJson = False) -> None:
    """List every promotion and rollback: who, when and why."""
    from cli.console import make_console
    from cli.session import open_session
    from cli.tables import history_table
    from warehouse.promotions import promotion_history

    with open_session() as session:
        changes = promotion_history(session.warehouse, model).to_dicts()
    if as_json:
        typer.echo(json.dumps([change | {"promoted_at": change["promoted_at"].isoformat()} for change in changes]))
        return
    make_console().print(history_table(changes))


@app.command()
def compare(model: ModelArgument, as_json: AsJson = False) -> None:
    """Compare champion and challenger figure by figure, and show the backtest of each."""
    from cli.console import make_console
    from cli.session import open_session
    from cli.tables import comparison_table, text_table
    from ml.backtest_tables import ASPECTS, cutoffs_table, differences_table, slices_table
    from orchestration.backtesting import read_backtest
    from registry.mlflow_registry import CHALLENGER

    with open_session() as session:
        champion = session.registry.champion(model)
        challenger = session.registry.with_alias(model, CHALLENGER) or champion
        compared = {"champion": champion, "challenger": challenger}
        found = {role: read_backtest(session.registry, version) for role, version in compared.items()}
    if as_json:
        described = {
            role: version.to_dict() | {"backtest": report and report.to_dict()}
            for (role, version), report in zip(compared.items(), found.values(), strict=True)
        }
        typer.echo(json.dumps(described))
        return
    console = make_console()
    console.print(comparison_table(champion, challenger))
    reports = {compared[role].version: report for role, report in found.items() if report is not None}
    for version, report in reports.items():
        title = f"Backtest of v{version}, 95 % intervals:"
        for words, table in (("test cutoffs", cutoffs_table), ("paired differences", differences_table)):
            for aspect, figures in ASPECTS.items():
                console.print(text_table(f"{title} {words}, {aspect}", table(report, figures)))
        console.print(text_table(f"{title} slices", slices_table(report)))


@app.command()
def scorecard(
    model: OptionalModel = None,
    as_json: AsJson = False,
) -> None:
    """Show how good predictions were once their horizon was over, by version and week."""
    from cli.console import make_console
    from cli.session import open_session
    from cli.tables import scorecard_table
    from orchestration.scorecard_report import read_scorecard

    with open_session() as session:
        rows = read_scorecard(session.warehouse, model)
    if as_json:
        typer.echo(rows.write_json())
    elif rows.is_empty():
        typer.echo("Nothing has matured yet: outcomes are joined by the first run after a horizon is over.")
    else:
        make_console().print(scorecard_table(rows))


@app.command()
def promote(
    model: RegisteredArgument,
    version: Annotated[int, typer.Argument(help="The version to make champion.")],
    reason: Reason = "promoted by hand",
) -> None:
    """Make a version champion without asking the gate, and put it to use."""
    from cli.session import open_session
    from registry import promotion
    from registry.mlflow_registry import CHAMPION

    by = getpass.getuser()
    with open_session() as session:
        chosen = session.registry.version(model, version)
        _check(chosen, session.warehouse, session.registry)
        champion = session.registry.with_alias(model, CHAMPION)
        promotion.promote(
            session.registry, session.warehouse, chosen, instead_of=champion, reason=reason, promoted_by=by
        )
        _put_to_use(session, model, by)
    typer.echo(f"{model} version {version} is champion; what runs takes it by itself.")


@app.command()
def level(
    model: ModelArgument,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of the outcomes (default: the newest run).")
    ] = None,
) -> None:
    """Give the champion the level of the newest outcomes, without a new ranking, if the gate finds them clear."""
    from cli.session import open_session
    from core.errors import UserError
    from orchestration.levelling import level_champion
    from registry.deployment import deploy_champion
    from warehouse.scores import newest_scored_day

    by = getpass.getuser()
    with open_session() as session:
        day = as_of.date() if as_of else session.warehouse.run(newest_scored_day(model))
        if day is None:
            raise UserError(f"There are no {model} scores yet; run the pipeline first: customer-analyzer run")
        decision = level_champion(session.marts, session.registry, model, day, promoted_by=by)
        if decision.promote:
            deploy_champion(model, session.warehouse, session.registry, session.platform.home, deployed_by=by)
    typer.echo(decision.reason if decision.promote else f"not promoted: {decision.reason}")


@app.command()
def rollback(model: RegisteredArgument, reason: Reason = "rolled back by hand") -> None:
    """Make the champion before this one champion again, and put it to use."""
    from cli.session import open_session
    from registry import promotion

    by = getpass.getuser()
    with open_session() as session:
        check = partial(_check, registry=session.registry)
        previous = promotion.rollback(
            session.registry, session.warehouse, model, check=check, reason=reason, promoted_by=by
        )
        _put_to_use(session, model, by)
    typer.echo(f"{model} version {previous.version} is champion again; what runs takes it by itself.")


def _check(version: "RegisteredModel", warehouse: "Database", registry: "Registry") -> None:
    """Raises an error where a version cannot be used any more."""
    from ml.recommendation import RECOMMENDATION
    from registry.deployment import check_servable
    from registry.recommending import read_recipe

    if version.kind == RECOMMENDATION:
        read_recipe(registry, version)
    else:
        check_servable(version, warehouse, registry)


def _put_to_use(session: "Session", model: str, by: str) -> None:
    """Has services swap to the champion; of the recommender the tables of items are made again."""
    from ml.recommendation import RECOMMENDATION
    from registry.deployment import deploy_champion
    from registry.recommending import use_champion

    if model == RECOMMENDATION:
        use_champion(session.marts, session.registry)
    else:
        deploy_champion(model, session.warehouse, session.registry, session.platform.home, deployed_by=by)
