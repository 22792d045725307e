"""`customer-analyzer policy`: whom to treat, learned from the shop's own campaigns, and what other rules would bring.

Belongs here: options and printing. Does not: learning (`orchestration.policies`), figures (`ml.policies`).
"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from warehouse.policies import PolicyRow

app = typer.Typer(
    help="Whom to treat: learn it from campaigns, show what was learned, value a rule that nobody ran.",
    no_args_is_help=True,
)

Campaigns = Annotated[
    list[str] | None,
    typer.Option("--campaign", metavar="ID", help="Only this campaign; repeat for more. [default: all]"),
]
Window = Annotated[
    int, typer.Option(metavar="DAYS", min=1, max=90, help="Purchases of so many days after a decision count.")
]
Cost = Annotated[float, typer.Option(metavar="AMOUNT", min=0, help="What one contact costs, in base currency.")]
Share = Annotated[float, typer.Option(metavar="SHARE", min=0.01, max=1, help="The share of users to contact at most.")]


@app.command()
def learn(
    campaigns: Campaigns = None,
    window: Window = 14,
    cost: Cost = 0.0,
    budget: Share = 0.2,
    as_json: AsJson = False,
) -> None:
    """Learn whom a message changes, and judge the policy by decisions that it has not seen.

    It is used only if it is better than every constant choice: nobody, everybody, or one variant for as many as the
    budget allows. Otherwise this says so, and users are drawn by chance as before.
    """
    from datetime import UTC, datetime
    from getpass import getuser

    from cli.console import make_console
    from cli.session import open_session
    from dbt_project import CATALOGUE
    from ml.catalogue import read_catalogue
    from ml.policies.policy import Terms
    from orchestration.policies import learn_policy
    from warehouse.policies import policy

    terms = Terms(window, cost, budget)
    with open_session() as session:
        stored = learn_policy(
            session.marts, read_catalogue(CATALOGUE), terms, datetime.now(UTC), getuser(), campaigns or None
        )
        found = session.warehouse.run(policy(stored.policy_id))
    assert found is not None  # noqa: S101 - it was stored a moment ago
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    _print(found, make_console())
    if stored.scored_users:
        typer.echo(f"{stored.scored_users:,} users are scored by it; campaigns choose by it with `most_by_effect`.")


@app.command("list")
def list_policies(as_json: AsJson = False) -> None:
    """Show what was learned, the newest first, and which policy is in use."""
    from rich.table import Table

    from cli.console import make_console
    from cli.session import open_session
    from warehouse.policies import policies

    with open_session() as session:
        found = session.warehouse.run(policies())
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str))
        return
    if not found:
        typer.echo("No policy was learned yet; learn one with: customer-analyzer policy learn")
        return
    table = Table(title="Policies", title_justify="left")
    for heading in ("policy", "learned (UTC)", "decisions", "learner", "in use", "verdict"):
        table.add_column(heading, overflow="fold")
    for each in found:
        table.add_row(
            str(each.policy_id),
            f"{each.learned_at:%Y-%m-%d %H:%M}",
            f"{each.decisions:,}",
            each.learner,
            "yes" if each.is_in_use else "no",
            each.verdict,
        )
    make_console().print(table)


@app.command()
def show(
    policy_id: Annotated[
        int | None, typer.Argument(metavar="POLICY", help="Its number, as `policy list` shows. [default: the newest]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how a policy was judged: learners, deciles of effects, and its value beside constant choices."""
    from cli.console import make_console
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.policies import policies, policy

    with open_session() as session:
        newest = session.warehouse.run(policies(1))
        found = session.warehouse.run(policy(policy_id)) if policy_id is not None else newest[0] if newest else None
    if found is None:
        missing = "No policy was learned yet; see: customer-analyzer policy learn --help"
        raise UserError(missing if policy_id is None else f"There is no policy {policy_id}; see: policy list")
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    _print(found, make_console())


@app.command()
def value(
    by: Annotated[str, typer.Option(metavar="FEATURE", help="Contact those with the highest value of a feature.")],
    lowest: Annotated[bool, typer.Option("--lowest", help="Contact those with the lowest value instead.")] = False,
    budget: Share = 0.2,
    cost: Cost = 0.0,
    window: Window = 14,
    campaigns: Campaigns = None,
    as_json: AsJson = False,
) -> None:
    """Value a rule that nobody ran, from what campaigns drew by chance: such as contacting the longest silent.

    Beside it stand nobody, and as many users by chance.
    """
    from datetime import UTC, datetime

    from cli.console import make_console
    from cli.session import open_session
    from core.errors import UserError
    from dbt_project import CATALOGUE
    from ml.catalogue import read_catalogue
    from ml.policies.policy import Terms
    from ml.policies.valuing import plain, value_rule
    from orchestration.policies import read_ledger

    catalogue = read_catalogue(CATALOGUE)
    if by not in catalogue:
        raise UserError(f"There is no feature {by}; --by takes one such as days_since_last_activity.")
    with open_session() as session:
        ledger = read_ledger(session.warehouse, catalogue, datetime.now(UTC), window, campaigns or None)
    decisions = ledger.decisions
    priority = decisions.matrix[:, decisions.features.index(by)].astype(float)
    name = f"{'lowest' if lowest else 'highest'} {by}"
    found = value_rule(decisions, name, -priority if lowest else priority, Terms(window, cost, budget))
    shown = [plain(each) for each in found]
    if as_json:
        typer.echo(json.dumps(shown))
        return
    typer.echo(f"{len(decisions):,} decisions of {len(ledger.campaigns):,} campaigns; per user, in base currency:")
    make_console().print(_values_table(shown))


@app.command()
def end() -> None:
    """Take the policy in use out of use: users are drawn by chance again."""
    from getpass import getuser

    from cli.session import open_session
    from core.errors import UserError
    from warehouse.policies import end_policy

    with open_session() as session:
        if not session.warehouse.run(end_policy(getuser())):
            raise UserError("No policy is in use.")
    typer.echo("No policy is in use any more; users are drawn by chance.")


def _print(found: "PolicyRow", console: Any) -> None:
    report = found.report
    learned, chose, judged = report["rows"]
    typer.echo(f"Policy {found.policy_id}, {'in use' if found.is_in_use else 'not in use'}: {found.verdict}")
    typer.echo(
        f"Learned from {learned:,} decisions of {len(found.campaigns):,} campaigns, chosen by {chose:,}, judged by "
        f"{judged:,}{'' if report['is_out_of_time'] else ' (other users, not later days: too few days so far)'}; "
        f"purchases of {found.window_days} days, {found.cost_per_contact:g} a contact, at most "
        f"{found.budget_share:.0%} of users; it contacts {report['contacted_share']:.1%}."
    )
    if report["telling_features"]:
        typer.echo(f"Left out, because they tell who was treated: {', '.join(report['telling_features'])}.")
    console.print(_rankings_table(report["rankings"]))
    console.print(_bins_table(report["bins"]))
    console.print(_values_table(report["values"]))


def _rankings_table(rankings: list[dict[str, Any]]) -> "Table":
    table = _table("How well learners rank users (Qini; 0 is chance)", "learner", "where chosen", "where judged")
    for each in rankings:
        judged = each["qini_judged"]
        between = "" if judged is None else f"{judged:+.3f} ({each['qini_low']:+.3f} to {each['qini_high']:+.3f})"
        table.add_row(each["learner"], _figure(each["qini"], "+.3f"), between)
    return table


def _bins_table(bins: list[dict[str, Any]]) -> "Table":
    table = _table("Effects by tenths of users: the probability of a purchase", "users", "predicted", "observed", "+-")
    for each in bins:
        error = 1.96 * each["standard_error"]
        table.add_row(f"{each['users']:,}", f"{each['predicted']:+.4f}", f"{each['observed']:+.4f}", f"{error:.4f}")
    return table


def _values_table(values: list[dict[str, Any]]) -> "Table":
    first = values[0]["policy"]
    table = _table("What each policy brings per user", "policy", "doubly robust", "weighted", f"{first} is better by")
    for each in values:
        parts = (_between(each[name]) for name in ("doubly_robust", "self_normalised", "advantage"))
        table.add_row(each["policy"], *parts)
    return table


def _between(estimate: dict[str, float] | None) -> str:
    return "" if estimate is None else f"{estimate['value']:+.4f} ({estimate['low']:+.4f} to {estimate['high']:+.4f})"


def _figure(figure: float | None, form: str) -> str:
    return "none" if figure is None else format(figure, form)


def _table(title: str, *headings: str) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    return table
